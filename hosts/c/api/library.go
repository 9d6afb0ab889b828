// Package api is the C library (hosts/c) but for what is C about it: models by
// number, results in the host's own memory, faults as errors. A host may hand
// over anything; whatever it is, it is an error, and the host goes on.
package api

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"painless"
	"painless/atoms"
)

// Code is what a function of the library returns; painless.h explains each.
type Code int32

// The codes of painless.h.
const (
	OK Code = -iota
	Argument
	Handle
	Structure
	Device
	Fork // which C finds by itself
	Internal
)

// Error is an error that has a code.
type Error struct {
	Code Code
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the error without the code.
func (e *Error) Unwrap() error { return e.Err }

func argument(format string, args ...any) error {
	return &Error{Argument, fmt.Errorf(format, args...)}
}

// CodeOf is the code of an error that a Library returned.
func CodeOf(err error) Code {
	var coded *Error
	var structure *atoms.StructureError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &coded):
		return coded.Code
	case errors.As(err, &structure):
		return Structure
	}
	return Device
}

// Library is the models that a process has open.
type Library struct {
	mu     sync.Mutex
	models map[uintptr]*model
	last   uintptr // number given out: none is given out twice
}

// model is one that is open. Calls take turns.
type model struct {
	mu     sync.Mutex
	model  *painless.Model
	opts   painless.Options
	broken error // what a call panicked with: the engine may be between two states
	closed bool

	input
	result painless.Result // partly in the host's memory, during a call
	own    painless.Result // in place of what the host does not ask for
	domain domain
}

// Open opens a checkpoint, and returns the number that Compute and the others take.
func (l *Library) Open(path string, opts painless.Options) (number uintptr, err error) {
	defer recovered(&err, nil)
	if path == "" {
		return 0, argument("path is empty: expected a checkpoint file")
	}
	m := &model{opts: opts}
	if m.model, err = painless.Open(path, opts); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.models == nil {
		l.models = map[uintptr]*model{}
	}
	l.last++
	l.models[l.last] = m
	return l.last, nil
}

// Close closes a model, after the calls that are under way; 0 is closed already.
func (l *Library) Close(number uintptr) (err error) {
	defer recovered(&err, nil)
	if number == 0 {
		return nil
	}
	m, err := l.get(number)
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	l.mu.Lock()
	delete(l.models, number)
	l.mu.Unlock()
	m.closed = true
	return errors.Join(m.domain.close(), m.model.Close())
}

// get returns a model, locked.
func (l *Library) get(number uintptr) (*model, error) {
	l.mu.Lock()
	m, last := l.models[number], l.last
	l.mu.Unlock()
	if m != nil {
		m.mu.Lock()
		if !m.closed {
			return m, nil
		}
		m.mu.Unlock() // another thread was first
	}
	switch {
	case number == 0:
		return nil, &Error{Handle, errors.New("the model is NULL: expected one of pl_open")}
	case number > last:
		return nil, &Error{Handle, fmt.Errorf("%#x is no model: expected one of pl_open", number)}
	}
	return nil, &Error{Handle, fmt.Errorf("model %d is closed", number)}
}

// recovered turns a panic into an error, deferred. m, unless nil, computes no more.
func recovered(err *error, m *model) {
	value := recover()
	if value == nil {
		return
	}
	what, _, _ := strings.Cut(fmt.Sprint(value), "\n") // without a stack
	*err = &Error{Internal, fmt.Errorf("a fault in painless, or a pointer to nowhere: %s", what)}
	if m != nil {
		m.broken = *err
	}
}
