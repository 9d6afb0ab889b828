"""h5py_check.py OURS COPY: prints what h5py reads of a data set as JSON, and writes it anew: lzf, in chunks of h5py's own choice."""
import json
import sys

import h5py

with h5py.File(sys.argv[1]) as f, h5py.File(sys.argv[2], "w") as copy:
    seen = {"Datasets": {}, "Metadata": {k: v.tolist() if hasattr(v, "tolist") else v for k, v in f["metadata"].attrs.items()}}

    def look(path, d):
        if not isinstance(d, h5py.Dataset):
            return
        seen["Datasets"]["/" + path] = {
            "Type": d.dtype.name, "Shape": d.shape, "Resizable": d.maxshape[0] is None,
            "Compression": d.compression or "", "Values": d[...].ravel().tolist()}
        copy.create_dataset(path, data=d[...], compression="lzf", shuffle=True, fletcher32=True)

    f.visititems(look)
    copy.create_group("metadata").attrs.update(f["metadata"].attrs)
json.dump(seen, sys.stdout)
