// Sabotage of the protection of the API: sockets of the node, limits of every input.
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
    name: 'containerd offers its metrics over TCP',
    file: 'src/node/machine/containerd-config.ts',
    from: `[debug]
  level = "warn"`,
    to: `[metrics]
  address = "0.0.0.0:1338"

[debug]
  level = "warn"`,
    proof: 'A1',
  },
  {
    name: 'containerd offers its metrics on loopback',
    file: 'src/node/machine/containerd-config.ts',
    from: `[debug]
  level = "warn"`,
    to: `[metrics]
  address = "127.0.0.1:1338"

[debug]
  level = "warn"`,
    proof: 'A1',
  },
  {
    name: 'bodies of any size are read',
    file: 'src/server/http/collect-body.ts',
    from: 'maxBodyBytes = 3 * 1024 * 1024',
    to: 'maxBodyBytes = 3 * 1024 * 1024 * 1024',
    proof: 'A1',
  },
  {
    name: 'the size of a body is compared with what the client declares only',
    file: 'src/server/http/collect-body.ts',
    from: 'if (size > limit) return refuse(refusal(limit))',
    to: 'if (size > limit && declared !== undefined) return refuse(refusal(limit))',
    proof: 'A1',
  },
  {
    name: 'a body may come for as long as it likes',
    file: 'src/server/http/collect-body.ts',
    from: 'maxBodyMs = 60_000',
    to: 'maxBodyMs = 60_000_000',
    proof: 'A1',
    knownMissed: 'a proof has no minute to wait; unit tests of the server see it',
  },
  {
    name: 'one address may open every connection',
    file: 'src/server/http/limited-listener.ts',
    from: 'ofAddress >= (isLoopback(address) ? limits.perLoopbackAddress : limits.perAddress)',
    to: 'ofAddress >= limits.total',
    proof: 'A1',
  },
  {
    name: 'heads of requests may be of any size',
    file: 'src/server/http/listener.ts',
    from: 'headerBytes: 64 * 1024',
    to: 'headerBytes: 64 * 1024 * 1024',
    proof: 'A1',
  },
  {
    name: 'a head may come for as long as it likes',
    file: 'src/server/http/listener.ts',
    from: 'headersMs: options.headersMs ?? limits.headersMs',
    to: 'headersMs: 0 * (options.headersMs ?? limits.headersMs)',
    proof: 'A1',
  },
  {
    name: 'a handshake may take as long as it likes',
    file: 'src/server/http/listener.ts',
    from: 'this.#options.handshakeMs ?? limits.handshakeMs',
    to: '1000 * limits.handshakeMs',
    proof: 'A1',
  },
]
