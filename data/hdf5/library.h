// What the binding does not offer of libhdf5.
#include <hdf5.h>

// last_error is the innermost of the errors of the last call, or an empty text.
void last_error(char *text, size_t size);

// add_bools makes an enumeration of one byte the one that h5py takes for bool.
herr_t add_bools(hid_t type);

// create_latest makes an empty file of the newest format, in which writes can be
// ordered for readers of the moment (SWMR).
herr_t create_latest(const char *path);

// link_hard gives an object another name.
herr_t link_hard(hid_t file, const char *name, const char *other);
