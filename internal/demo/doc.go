// Package demo makes a hospital that does not exist: [Rows] is its history, as
// rows for package history, and a [Scanner] scans there every few seconds.
//
// Nobody and nothing in it is real. Patients have NHS numbers from 999 000
// 0000, which are never issued; products, places and staff have GS1 keys under
// the prefix 952, which GS1 keeps for demonstrations and examples. The same
// seed and time give the same hospital.
package demo
