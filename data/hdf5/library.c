//go:build hdf5 && cgo

#include "library.h"

#include <stdio.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void settle(void)
{
	H5set_free_list_limits(0, 0, 0, 0, 0, 0);
#ifdef M_PERTURB
	mallopt(M_PERTURB, 0xa5);
#endif
}

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

int link_kind(hid_t file, const char *path)
{
	H5L_info_t info;
	htri_t exists = H5Lexists(file, path, H5P_DEFAULT);
	if (exists == 0)
		return LINK_NONE;
	if (exists < 0 || H5Lget_info(file, path, &info, H5P_DEFAULT) < 0)
		return LINK_DAMAGED;
	return info.type == H5L_TYPE_HARD ? LINK_HARD : LINK_OTHER;
}

int object_kind(hid_t file, const char *path)
{
	hid_t object = H5Oopen(file, path, H5P_DEFAULT);
	if (object < 0)
		return H5I_BADID;
	int kind = H5Iget_type(object);
	H5Oclose(object);
	return kind;
}

herr_t describe(hid_t dataset, size_t width, storage *s)
{
	memset(s, 0, sizeof *s);
	if (width > MAX_WIDTH)
		return -1;
	hid_t list = H5Dget_create_plist(dataset);
	if (list < 0)
		return -1;
	herr_t status = -1;
	s->layout = H5Pget_layout(list);
	s->external = H5Pget_external_count(list);
	s->filters = H5Pget_nfilters(list);
	if (s->layout < 0 || s->external < 0 || s->filters < 0)
		goto done;
	if (s->external > 0 || s->layout == H5D_VIRTUAL) {
		status = 0; // and touch it no more
		goto done;
	}
	if (s->layout == H5D_CHUNKED && (s->rank = H5Pget_chunk(list, MAX_RANK, s->chunk)) < 0)
		goto done;
	for (int i = 0; i < s->filters && i < MAX_FILTERS; i++) {
		unsigned flags, config;
		size_t values = 0;
		s->filter[i] = H5Pget_filter2(list, i, &flags, &values, NULL, sizeof s->filter_name[i], s->filter_name[i], &config);
		if (s->filter[i] < 0)
			goto done;
		s->filter_name[i][sizeof s->filter_name[i] - 1] = 0;
	}
	H5D_fill_value_t defined;
	hid_t type = H5Dget_type(dataset);
	if (type < 0)
		goto done;
	if (H5Tget_size(type) == width && H5Pfill_value_defined(list, &defined) >= 0 &&
		(defined != H5D_FILL_VALUE_USER_DEFINED || H5Pget_fill_value(list, type, s->fill) >= 0))
		status = 0;
	H5Tclose(type);
	s->stored = H5Dget_storage_size(dataset) > 0;
done:
	H5Pclose(list);
	return status;
}

herr_t add_bools(hid_t type)
{
	signed char no = 0, yes = 1;
	return H5Tenum_insert(type, "FALSE", &no) < 0 || H5Tenum_insert(type, "TRUE", &yes) < 0 ? -1 : 0;
}

int attributes(hid_t object)
{
	H5O_info_t info;
	return H5Oget_info(object, &info) < 0 ? -1 : (int)info.num_attrs;
}

herr_t attribute_name(hid_t object, hsize_t i, char *name, size_t size)
{
	ssize_t length = H5Aget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, size, H5P_DEFAULT);
	return length < 0 || (size_t)length >= size ? -1 : 0;
}
