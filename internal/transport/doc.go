// Package transport is what lies between the network and the pages: certificates
// that are read again when their files change ([Certificate]), a small authority
// for sites that have none ([Init], [Renew]), and a listener that no single machine
// can use up ([Bound]).
package transport
