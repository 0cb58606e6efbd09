{
  'variables': {
    # Those that a build with sanitizers has as well, see scripts/sanitizers.js.
    'go_flags': ['<!@(node -p "require(\'./scripts/lib/flags.json\').go.join(\' \')")'],
    'version': '<!(node -p "require(\'./package.json\').version")',
    'conditions': [
      ['OS=="mac"', {
        'go_extldflags': '-Wl,-S -Wl,-x',
      }, {
        'go_extldflags': '-Wl,-s',
      }],
    ],
  },
  'targets': [
    {
      # One file: cgo compiles the shim (addon/) into the library that Go makes of native/. The
      # compilers are those of cgo on all platforms, the ones in CC and CXX.
      'target_name': 'quic',
      'type': 'none',
      'actions': [
        {
          'action_name': 'go_build',
          'message': 'go build quic.node',
          'inputs': [
            'go.mod',
            'go.sum',
            '<!@(node scripts/lib/sources.js native .go .c .cc .h)',
            '<!@(node scripts/lib/sources.js addon .cc .h)',
          ],
          'outputs': ['<(PRODUCT_DIR)/quic.node'],
          'action': [
            'go', 'build',
            # Names are resolved by Node.js, users are not asked for: no need of libc for either.
            '<@(go_flags)',
            '-trimpath',
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
            '-ldflags=-s -w -buildid= -X main.version=<(version) "-extldflags=<(go_extldflags)"',
            '-o', '<@(_outputs)',
            './native',
          ],
        },
      ],
    },
  ],
}
