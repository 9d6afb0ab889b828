package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// job is what a peer is asked to time.
type job struct {
	Checkpoint string  `json:"checkpoint"`
	Structure  string  `json:"structure,omitempty"` // path of an XYZ file; without one, painless times the loading of the checkpoint
	Seconds    float64 `json:"seconds"`             // that the turn lasts at least

	Forces bool `json:"forces,omitempty"` // whether painless's answer has them
	Batch  int  `json:"batch,omitempty"`  // copies of the structure in painless's calls; 0 is 1

	Variant string `json:"variant,omitempty"` // PyTorch's
	Graph   string `json:"graph,omitempty"`   // path of the ONNX graph of the checkpoint
}

// answer is what it found.
type answer struct {
	Seconds []float64    `json:"seconds"` // of each call
	Energy  float64      `json:"energy"`  // eV
	Forces  [][3]float64 `json:"forces,omitempty"`
	Edges   int          `json:"edges,omitempty"` // directed, painless's

	Way    string            `json:"way,omitempty"`    // in which the variant was fastest
	Errors map[string]string `json:"errors,omitempty"` // of the variant's other ways

	Error string `json:"error,omitempty"` // what failed, and then there is nothing else
}

// hello is what a peer says before it is asked.
type hello struct {
	Version  string   `json:"version"`
	Variants []string `json:"variants,omitempty"`
}

// peer is a system in a process of its own. It is started when it is asked, and
// again where it failed: errors of CUDA last as long as a process.
type peer struct {
	name    string
	command []string
	limit   time.Duration        // of a start and of an answer
	started func(version string) // is told each time

	hello
	process *exec.Cmd // nil where none runs
	in      io.WriteCloser
	out     io.ReadCloser
	answers *json.Decoder
	said    *tail
	broken  error // why it cannot be started
}

// start starts the process where none runs, and waits until it says its version.
func (p *peer) start() error {
	if p.process != nil || p.broken != nil {
		return p.broken
	}
	c := exec.Command(p.command[0], p.command[1:]...)
	p.said = &tail{to: os.Stderr}
	c.Stderr, c.WaitDelay = p.said, time.Second
	own(c)
	var err error
	if p.in, err = c.StdinPipe(); err == nil {
		if p.out, err = c.StdoutPipe(); err == nil {
			err = c.Start()
		}
	}
	if err != nil {
		p.broken = fmt.Errorf("%s does not start: %w", p.name, err)
		return p.broken
	}
	p.process, p.answers = c, json.NewDecoder(p.out)
	p.hello = hello{}
	if err := p.within(func() error { return p.answers.Decode(&p.hello) }); err != nil {
		p.broken = fmt.Errorf("%s does not start: %w", p.name, err)
		return p.broken
	}
	p.started(p.Version)
	return nil
}

// ask is the answer to a job.
func (p *peer) ask(j job) (a answer, err error) {
	if err := p.start(); err != nil {
		return a, err
	}
	err = p.within(func() error {
		if err := json.NewEncoder(p.in).Encode(j); err != nil {
			return err
		}
		if err := p.answers.Decode(&a); err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
		return a.check()
	})
	if err != nil {
		return a, fmt.Errorf("%s: %w", p.name, err)
	}
	return a, nil
}

func (a *answer) check() error {
	if a.Error != "" {
		return errors.New(a.Error)
	}
	if len(a.Seconds) == 0 {
		return errors.New("the answer has no times")
	}
	for _, s := range a.Seconds {
		if s <= 0 {
			return fmt.Errorf("a call took %v s", s)
		}
	}
	return nil
}

// within kills the process, and all that it started, where f, which speaks to
// it, fails or takes longer than the limit.
func (p *peer) within(f func() error) error {
	process, out := p.process, p.out
	timer := time.AfterFunc(p.limit, func() {
		kill(process)
		out.Close() // which others may hold open
	})
	err := f()
	late := !timer.Stop()
	if late {
		err = fmt.Errorf("killed after %v", p.limit)
	}
	if err == nil {
		return nil
	}
	p.process = nil
	if !late && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE)) {
		grace := time.AfterFunc(time.Second, func() { kill(process) }) // it ends by itself, and says why
		if ended := process.Wait(); ended != nil {
			err = fmt.Errorf("%w (%w)", err, ended)
		}
		grace.Stop()
		kill(process) // what it started
	} else {
		kill(process)
		process.Wait() // an error: it was killed
	}
	if said := p.said.String(); said != "" {
		err = fmt.Errorf("%w; it said last: %s", err, said)
	}
	return err
}

// stop ends the process, and with it what it holds of a GPU.
func (p *peer) stop() error {
	if p.process == nil {
		return nil
	}
	err := p.within(func() error {
		p.in.Close()
		_, err := io.Copy(io.Discard, p.out) // until it ends
		return err
	})
	if process := p.process; process != nil {
		p.process, err = nil, process.Wait()
		kill(process) // what it started
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// tail passes on what is written to it and keeps the last of it.
type tail struct {
	to   io.Writer
	last []byte
}

const tailBytes = 1000

func (t *tail) Write(text []byte) (int, error) {
	t.last = append(t.last, text...)
	t.last = t.last[max(0, len(t.last)-tailBytes):]
	return t.to.Write(text)
}

func (t *tail) String() string { return strings.ToValidUTF8(strings.TrimSpace(string(t.last)), "") }
