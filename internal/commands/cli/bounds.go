package cli

import "fmt"

// AboveZero returns an error where a flag's value is not more than 0.
func AboveZero(flag string, value float64) error {
	if !(value > 0) {
		return fmt.Errorf("-%s %v: expected more than 0", flag, value)
	}
	return nil
}

// ZeroOrMore returns an error where a flag's value is less than 0 or no number.
func ZeroOrMore(flag string, value float64) error {
	if !(value >= 0) {
		return fmt.Errorf("-%s %v: expected 0 or more", flag, value)
	}
	return nil
}
