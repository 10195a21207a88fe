// Sabotage of the protection of the API: sockets of the node, limits on input, fairness.
import type { Sabotage } from './sabotage.ts'

export const a1: readonly Sabotage[] = [
  {
    name: 'the streaming listener of containerd is open to other machines',
    file: 'src/node/machine/containerd-config.ts',
    from: 'stream_server_address = "127.0.0.1"',
    to: 'stream_server_address = "0.0.0.0"',
    proof: 'A1',
  },
  {
    name: 'the streaming listener of containerd speaks clear text',
    file: 'src/node/machine/containerd-config.ts',
    from: `enable_tls_streaming = true

\${cri}.x509_key_pair_streaming]
  tls_cert_file = \${quote(directory.streamingCertificate)}
  tls_key_file = \${quote(directory.streamingKey)}
`,
    to: 'enable_tls_streaming = false\n',
    proof: ['A1', 'S5/A9'],
  },
]
