// Command convert is painless convert alone: it writes a checkpoint anew, for
// PyTorch, safetensors, ONNX Runtime or TorchScript.
package main

import (
	"painless/internal/commands/cli"
	"painless/internal/commands/convert"
)

func main() { cli.Main("convert", convert.Verb.Execute) }
