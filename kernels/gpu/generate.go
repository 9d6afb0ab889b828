package gpu

// PTX for every GPU since Volta, files for tensor cores since Ampere beside some of them, the same bytes on every machine: nothing is
// contracted (fused multiply-adds are written out), and the PTX version is
// fixed, as it would follow an installed CUDA otherwise. It goes without remarks
// and indents, and packed: see ptx.go.

//go:generate -command ptx clang-19 -x cuda --cuda-device-only -nocudainc -nocudalib --cuda-gpu-arch=sm_70 --cuda-feature=+ptx70 -ffp-contract=off -O3 -S -fno-verbose-asm -Wall -Werror
//go:generate -command ptx80 clang-19 -x cuda --cuda-device-only -nocudainc -nocudalib --cuda-gpu-arch=sm_80 --cuda-feature=+ptx70 -ffp-contract=off -O3 -S -fno-verbose-asm -Wall -Werror
//go:generate ptx -o neighbors.ptx neighbors.cu
//go:generate ptx -o filter.ptx filter.cu
//go:generate ptx -o message.ptx message.cu
//go:generate ptx -DLOW_ONLY -o message_low.ptx message.cu
//go:generate ptx -o update.ptx update.cu
//go:generate ptx80 -DTF32 -o update_tensor.ptx update.cu
//go:generate ptx -o few.ptx few.cu
//go:generate ptx80 -DTF32 -o few_tensor.ptx few.cu
//go:generate ptx -o once.ptx once.cu
//go:generate ptx80 -DTF32 -o once_tensor.ptx once.cu
//go:generate ptx -o collect.ptx collect.cu
//go:generate ptx -o exchange.ptx exchange.cu
//go:generate ptx -o ceilings.ptx ceilings.cu
//go:generate sed -i "s/^[ \\t]*//" neighbors.ptx filter.ptx message.ptx message_low.ptx update.ptx update_tensor.ptx few.ptx few_tensor.ptx once.ptx once_tensor.ptx collect.ptx exchange.ptx ceilings.ptx
//go:generate gzip -9nf neighbors.ptx filter.ptx message.ptx message_low.ptx update.ptx update_tensor.ptx few.ptx few_tensor.ptx once.ptx once_tensor.ptx collect.ptx exchange.ptx
//go:generate sh -c "sha256sum *.cu *.cuh generate.go *.ptx *.ptx.gz > ptx.sum"
