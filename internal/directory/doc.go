// Package directory keeps who staff are, what places are called and what procedure
// codes mean, so that a scan shows names where the symbol has a number. How
// somebody signs in is no matter of it.
package directory
