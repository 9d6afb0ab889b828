package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"painless/internal/atomicfile"
)

// Main runs a program until it ends or is told to, and exits.
func Main(name string, run func(ctx context.Context, std Std, args []string) error) {
	ctx, cancel := context.WithCancel(context.Background())
	signals, ended := make(chan os.Signal, 1), make(chan error, 1)
	signal.Notify(signals, ending()...)
	signal.Notify(make(chan os.Signal, 1), writing...) // the errors of write say it
	go func() { ended <- run(ctx, standard(), os.Args[1:]) }()
	select {
	case err := <-ended:
		exit(name, err)
	case s := <-signals:
		signal.Stop(signals) // the next one ends at once
		cancel()
		select {
		case err := <-ended:
			if Code(err) != 1 {
				exit(name, err) // it was about to
			}
		case <-time.After(patience): // it waits for input, or computes
			finishing.Lock()
		}
		atomicfile.Stop()
		wait(name)
		fmt.Fprintf(os.Stderr, "%s: ended by a signal: %v\n", name, s)
		os.Exit(signalled(s))
	}
}

// patience is how long a verb has to hand on, or save, what it has computed.
const patience = 500 * time.Millisecond

// finishing is held by a verb that saves what it has before it ends.
var finishing sync.Mutex

// Finish does what a signal must not cut short, such as a step of a simulation
// and saving it: the program ends after it, or at once with a second signal.
func Finish(do func() error) error {
	finishing.Lock()
	defer finishing.Unlock()
	return do()
}

// ending is the signals that end the program: not SIGHUP under nohup.
func ending() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// standard is the process's standard files.
func standard() Std {
	std := Std{os.Stdin, os.Stdout, os.Stderr}
	if outputClosed() {
		std.Out = closed{}
	}
	return std
}

// closed is standard output where there is none.
type closed struct{}

var errClosed = errors.New("standard output is closed")

func (closed) Write([]byte) (int, error) { return 0, errClosed }

// wait waits until there is no part of a record in an output, and keeps it so.
func wait(name string) {
	if unfinished.TryLock() {
		return
	}
	reminder := time.AfterFunc(time.Second, func() {
		fmt.Fprintf(os.Stderr, "%s: waits for the reader of a structure that is half written; another signal ends at once\n", name)
	})
	unfinished.Lock()
	reminder.Stop()
}

// exit ends the process as a verb has ended. Nobody wants to hear of a reader
// that has seen enough: head, say.
func exit(name string, err error) {
	if errors.Is(err, syscall.EPIPE) {
		os.Exit(signalled(syscall.SIGPIPE))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	}
	os.Exit(Code(err))
}

// signalled is the exit code that shells give who is ended by a signal.
func signalled(s os.Signal) int {
	number, _ := s.(syscall.Signal)
	return 128 + int(number)
}
