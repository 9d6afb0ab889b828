package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// peer is another system, in a process that lives as long as the comparison.
type peer struct {
	version string
	process *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
}

// job is what a peer is asked to time.
type job struct {
	Model      string `json:"model"`
	Structure  string `json:"structure"`
	Iterations int    `json:"iterations"`
	Checkpoint string `json:"checkpoint,omitempty"` // for PyTorch's other ways, on a GPU
}

// answer is what it found: eV, eV/Å.
type answer struct {
	Seconds []float64    `json:"seconds"` // of each iteration
	Energy  float64      `json:"energy"`
	Forces  [][3]float64 `json:"forces"`

	Variants map[string][]float64 `json:"variants"` // seconds of each iteration
}

// start runs a peer's program and waits until it says its version.
func start(ctx context.Context, program string, args ...string) (*peer, error) {
	p := &peer{process: exec.CommandContext(ctx, program, args...)}
	p.process.Stderr = os.Stderr
	var err error
	if p.in, err = p.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	p.out = json.NewDecoder(bufio.NewReader(out))
	var hello struct{ Version string }
	if err := p.out.Decode(&hello); err != nil {
		return nil, fmt.Errorf("%s %v did not start: %w; make bench-peers installs what it needs", program, args, err)
	}
	p.version = hello.Version
	return p, nil
}

func (p *peer) ask(j job) (a answer, err error) {
	if err := json.NewEncoder(p.in).Encode(j); err != nil {
		return a, err
	}
	if err := p.out.Decode(&a); err != nil {
		return a, fmt.Errorf("%v gave no answer: %w", p.process.Args, err)
	}
	return a, nil
}

// stop ends the peer; nil is none.
func (p *peer) stop() error {
	if p == nil {
		return nil
	}
	p.in.Close()
	return p.process.Wait()
}
