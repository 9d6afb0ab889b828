package datasets

import "strings"

// OneLine is an error of several in one line.
type OneLine struct{ Err error }

func (e OneLine) Error() string { return strings.ReplaceAll(e.Err.Error(), "\n", "; ") }

// Unwrap returns the error.
func (e OneLine) Unwrap() error { return e.Err }
