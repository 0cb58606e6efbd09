{
  # The file name of the Go library, which must lie beside quic.node at run time.
  'variables': {
    'conditions': [
      ['OS=="win"', {
        'go_library': 'quic.dll',
        'go_extldflags': '-Wl,--out-implib,<(PRODUCT_DIR)/quic.lib',
      }, 'OS=="mac"', {
        'go_library': 'libquic.dylib',
        'go_extldflags': '-Wl,-install_name,@rpath/libquic.dylib',
      }, {
        'go_library': 'libquic.so',
        'go_extldflags': '-Wl,-soname,libquic.so',
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
        'NAPI_VERSION=8',
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
            '-ldflags=-s -w -extldflags=<(go_extldflags)',
            '-o', '<@(_outputs)',
            './native',
          ],
        },
      ],
      'conditions': [
        ['OS=="win"', {
          'libraries': ['<(PRODUCT_DIR)/quic.lib'],
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
        }, {
          'libraries': ['-L<(PRODUCT_DIR)', '-lquic'],
          'cflags': ['-O2', '-Wall', '-Wextra', '-fvisibility=hidden'],
          'cflags_cc': ['-std=c++17', '-fno-exceptions'],
          'ldflags': ["-Wl,-rpath,'$$ORIGIN'", '-Wl,-s', '-pthread'],
        }],
      ],
    },
  ],
}
