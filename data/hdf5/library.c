//go:build hdf5 && cgo

#include "library.h"

#include <stdio.h>

struct text {
	char *at;
	size_t size;
};

static herr_t keep_first(unsigned n, const H5E_error2_t *error, void *to)
{
	struct text *t = to;
	if (n == 0 && error->desc != NULL)
		snprintf(t->at, t->size, "%s", error->desc);
	return 0;
}

void last_error(char *text, size_t size)
{
	struct text t = {text, size};
	text[0] = 0;
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &t);
}

herr_t add_bools(hid_t type)
{
	signed char no = 0, yes = 1;
	return H5Tenum_insert(type, "FALSE", &no) < 0 || H5Tenum_insert(type, "TRUE", &yes) < 0 ? -1 : 0;
}

herr_t create_latest(const char *path)
{
	hid_t list = H5Pcreate(H5P_FILE_ACCESS), file = -1;
	if (list >= 0 && H5Pset_libver_bounds(list, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0)
		file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, list);
	if (list >= 0)
		H5Pclose(list);
	return file < 0 ? -1 : H5Fclose(file);
}

herr_t link_hard(hid_t file, const char *name, const char *other)
{
	return H5Lcreate_hard(file, name, file, other, H5P_DEFAULT, H5P_DEFAULT);
}
