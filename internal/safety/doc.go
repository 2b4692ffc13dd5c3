// Package safety holds no code: its test keeps the hazard log in docs/clinical-safety true.
package safety
