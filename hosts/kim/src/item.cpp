/* What KIM looks for in a shared library: of the driver, with DRIVER defined, and else of every model, whose checkpoint
 * is the file of that name beside it. An item is called as its folder is. */
#include <cstddef>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "KIM_CollectionItemType.hpp"
#include "KIM_LanguageName.hpp"
#include "KIM_SharedLibrarySchema.hpp"

using KIM::SHARED_LIBRARY_SCHEMA::SharedLibrarySchemaV2;

extern "C" {
#ifdef DRIVER
int painless_kim_create();
#endif
extern int kim_shared_library_schema_version;
extern SharedLibrarySchemaV2 kim_shared_library_schema;
}

int kim_shared_library_schema_version = 2;

// The folder that this library was loaded from.
static std::string folder()
{
  Dl_info about;
  const std::string path = dladdr(&kim_shared_library_schema_version, &about) ? about.dli_fname : "";
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

static const std::string place = folder(), name = place.substr(place.rfind('/') + 1);

#ifdef DRIVER
SharedLibrarySchemaV2 kim_shared_library_schema = {
    KIM::COLLECTION_ITEM_TYPE::modelDriver, name.c_str(), KIM::LANGUAGE_NAME::c, reinterpret_cast<KIM::Function *>(painless_kim_create),
    NULL, NULL, 0, NULL, 0, NULL};
#else
static std::ifstream file((place + "/checkpoint").c_str(), std::ios::binary);
static const std::vector<char> content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
static const SharedLibrarySchemaV2::EmbeddedFile checkpoint = {"checkpoint", static_cast<unsigned>(content.size()),
                                                               reinterpret_cast<const unsigned char *>(content.data())};
SharedLibrarySchemaV2 kim_shared_library_schema = {KIM::COLLECTION_ITEM_TYPE::portableModel, name.c_str(), KIM::LANGUAGE_NAME::c, NULL,
                                                   "painless", NULL, content.empty() ? 0 : 1, &checkpoint, 0, NULL};
#endif
