// Sabotage of encrypted transport: versions of TLS, and verification of the other side.
import type { Sabotage } from './sabotage.ts'

export const s5: readonly Sabotage[] = [
  {
    name: 'the API server accepts TLS 1.2',
    file: 'src/server/http/listener.ts',
    from: `    minVersion: 'TLSv1.3' as const,
    // Upstream's order: the first is as secure as the second, and a tenth cheaper for a long response.
    ciphers: 'TLS_AES_128_GCM_SHA256:`,
    to: `    minVersion: 'TLSv1.2' as const,
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256:`,
    proof: 'S5/A9',
    on: 'process',
  },
  {
    name: 'the API server offers any version and cipher',
    file: 'src/server/http/listener.ts',
    from: `    minVersion: 'TLSv1.3' as const,
    // Upstream's order: the first is as secure as the second, and a tenth cheaper for a long response.
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',`,
    to: `    minVersion: 'TLSv1' as const,
    ciphers: 'ALL:@SECLEVEL=0',`,
    proof: 'S5/A9',
    on: 'process',
  },
  {
    name: 'clients of the API do not verify its certificate',
    file: 'src/client/transport/http-session.ts',
    from: 'rejectUnauthorized: true',
    to: 'rejectUnauthorized: false',
    proof: 'S5/A9',
    on: 'process',
  },
  {
    name: 'clients of the API verify only the name of the server',
    file: 'src/client/transport/http-session.ts',
    from: 'rejectUnauthorized: true',
    to: 'rejectUnauthorized: options.serverName !== undefined',
    proof: 'S5/A9',
    on: 'process',
  },
  {
    name: 'clients of the API do not compare the name of the server',
    file: 'src/client/transport/http-session.ts',
    from: 'rejectUnauthorized: true,',
    to: `rejectUnauthorized: true,
      checkServerIdentity: () => undefined,`,
    proof: 'S5/A9',
    on: 'process',
  },
  {
    name: 'clients of the API accept TLS 1.2',
    file: 'src/client/transport/http-session.ts',
    from: "minVersion: 'TLSv1.3'",
    to: "minVersion: 'TLSv1.2'",
    proof: 'S5/A9',
    on: 'process',
  },
  {
    name: 'backends behind APIServices are not verified',
    file: 'src/server/proxy/backend-connection.ts',
    from: 'rejectUnauthorized: verify',
    to: 'rejectUnauthorized: verify && false',
    proof: 'S5/A9',
  },
  {
    name: 'webhooks are not verified',
    file: 'src/server/proxy/webhooks/review-sender.ts',
    from: 'rejectUnauthorized: true',
    to: 'rejectUnauthorized: false',
    proof: 'S5/A9',
  },
  {
    name: 'names in certificates of webhooks and backends are not compared',
    file: 'src/server/http/server-trust.ts',
    from: 'checkServerIdentity: checkAlternativeNames',
    to: 'checkServerIdentity: () => undefined',
    proof: 'S5/A9',
  },
  {
    name: 'issuers of tokens are not verified',
    file: 'src/server/http/fetch-document.ts',
    from: 'rejectUnauthorized: true',
    to: 'rejectUnauthorized: false',
    proof: 'S5/A9',
  },
  {
    name: 'the tunnel of a node does not verify the server',
    file: 'src/node/streams/stream-proxy.ts',
    from: 'rejectUnauthorized: true',
    to: 'rejectUnauthorized: false',
    proof: 'S5/A9',
    knownMissed: 'only a real node opens a tunnel, and scratch clusters have none; a test of the sources sees it',
  },
  {
    name: 'the streaming listener of containerd speaks clear text',
    file: 'src/node/machine/containerd-config.ts',
    from: `enable_tls_streaming = true

\${cri}.x509_key_pair_streaming]
  tls_cert_file = \${quote(directory.streamingCertificate)}
  tls_key_file = \${quote(directory.streamingKey)}
`,
    to: `enable_tls_streaming = false
`,
    proof: 'S5/A9',
  },
]
