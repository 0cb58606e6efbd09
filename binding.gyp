{
  'variables': {
    'variables': {
      # 1 if GCC or Clang builds for Windows, on whatever system.
      'mingw%': 0,
    },
    'mingw%': '<(mingw)',
    'napi_version': '8',
    # The file name of the Go library, which must lie beside quic.node at run time.
    'conditions': [
      ['OS=="win" or mingw==1', {
        'go_library': 'libquic.dll',
        'go_extldflags': '-Wl,--out-implib,<(PRODUCT_DIR)/libquic.lib',
      }, 'OS=="mac"', {
        'go_library': 'libquic.dylib',
        'go_extldflags': '-Wl,-install_name,@rpath/libquic.dylib',
      }, {
        'go_library': 'libquic.so',
        'go_extldflags': '-Wl,-s -Wl,-soname,libquic.so',
      }],
    ],
  },
  'targets': [
    {
      'target_name': 'quic',
      'sources': ['<!@(node scripts/sources.js addon .cc)'],
      'include_dirs': [
        'native',
        'node_modules/node-addon-api',
        'node_modules/node-api-headers/include',
        # cgo writes the header of the ABI next to the library.
        '<(PRODUCT_DIR)',
      ],
      'defines': [
        'NAPI_VERSION=<(napi_version)',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
      ],
      'actions': [
        {
          'action_name': 'go_library',
          'message': 'go build <(go_library)',
          'inputs': [
            'go.mod',
            'go.sum',
            '<!@(node scripts/sources.js native .go .c .h)',
          ],
          'outputs': ['<(PRODUCT_DIR)/<(go_library)'],
          'action': [
            'go', 'build',
            '-buildmode=c-shared',
            '-buildvcs=false',
            '-trimpath',
            # Names are resolved by Node.js, users are not asked for: no need of libc for either.
            '-tags=netgo,osusergo',
            # Much smaller without inlining, where no time is spent: a package may have 8 MB.
            '-gcflags=vendor/golang.org/x/crypto/cryptobyte=-l',
            '-gcflags=crypto/ecdsa=-l',
            '-gcflags=crypto/hpke=-l',
            '-gcflags=crypto/internal/fips140/ecdsa=-l',
            '-gcflags=crypto/internal/fips140/nistec=-l',
            '-gcflags=crypto/internal/fips140/rsa=-l',
            '-gcflags=crypto/internal/fips140/sha3=-l',
            '-gcflags=crypto/rsa=-l',
            '-gcflags=crypto/tls=-l',
            '-gcflags=crypto/x509=-l',
            '-gcflags=encoding/asn1=-l',
            '-gcflags=fmt=-l',
            '-gcflags=math/big=-l',
            '-gcflags=net=-l',
            '-gcflags=net/url=-l',
            '-gcflags=os=-l',
            '-gcflags=reflect=-l',
            # Without a build ID two builds of the same sources are the same bytes.
            '-ldflags=-s -w -buildid= "-extldflags=<(go_extldflags)"',
            '-o', '<@(_outputs)',
            './native',
          ],
        },
      ],
      'conditions': [
        ['OS=="win"', {
          'libraries': ['<(PRODUCT_DIR)/libquic.lib'],
          'msvs_settings': {
            'VCCLCompilerTool': {
              'ExceptionHandling': 0,
              'AdditionalOptions': ['/std:c++17'],
            },
          },
          'defines': ['_HAS_EXCEPTIONS=0'],
        }, 'OS=="mac"', {
          'libraries': ['-L<(PRODUCT_DIR)', '-lquic'],
          'xcode_settings': {
            'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
            'CLANG_CXX_LIBRARY': 'libc++',
            'DEAD_CODE_STRIPPING': 'YES',
            'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
            'GCC_OPTIMIZATION_LEVEL': '2',
            'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
            'OTHER_LDFLAGS': ['-Wl,-rpath,@loader_path', '-Wl,-S', '-Wl,-x'],
          },
        }, 'mingw==1', {
          'libraries': ['<(PRODUCT_DIR)/libquic.lib'],
          # The header of Node-API exports its functions, as Node.js itself would.
          'defines': ['NAPI_EXTERN=__declspec(dllimport)'],
          'cflags': ['-O2', '-Wall', '-Wextra'],
          'cflags_cc': ['-std=c++17', '-fno-exceptions'],
          'ldflags': ['-O2', '-Wl,-s'],
          'actions': [
            {
              'action_name': 'node_api_imports',
              'inputs': ['scripts/windows.js'],
              'outputs': ['<(INTERMEDIATE_DIR)/imports.cc'],
              'action': ['sh', '-c', 'node <(_inputs) <(napi_version) > <(_outputs)'],
              'process_outputs_as_sources': 1,
            },
          ],
        }, {
          'libraries': ['-L<(PRODUCT_DIR)', '-lquic'],
          'cflags': ['-O2', '-Wall', '-Wextra', '-fvisibility=hidden'],
          'cflags_cc': ['-std=c++17', '-fno-exceptions'],
          'ldflags': ['-O2', "-Wl,-rpath,'$$ORIGIN'", '-Wl,-s', '-pthread'],
        }],
      ],
    },
  ],
}
