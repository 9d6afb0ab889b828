package export_test

import (
	"bytes"
	"fmt"

	"painless/checkpoint"
	"painless/export"
)

// A graph for ONNX Runtime that gives energy and forces. (A file is written in
// the same way; the graph is read back here to see what is in it.)
func Example() {
	c, err := checkpoint.Open("../testdata/tiny.pt")
	if err != nil {
		panic(err)
	}
	defer c.Close()

	var graph bytes.Buffer
	if err := export.Write(&graph, c, export.Options{Format: export.ONNX, Forces: true}); err != nil {
		panic(err)
	}

	again, err := checkpoint.Read(bytes.NewReader(graph.Bytes()), int64(graph.Len()), "graph")
	if err != nil {
		panic(err)
	}
	fmt.Println(again.Format, "with", len(again.Names()), "tensors")
	// Output:
	// ONNX with 26 tensors
}
