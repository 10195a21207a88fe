// The names under which clients, nodes and images know the cluster's registry.
import { isIPv6 } from 'node:net'

/** As in image references: `127.0.0.1:5443`, `[::1]:5443`. */
export const registryHosts = (names: readonly string[], port: number): string[] =>
  names.map(name => `${isIPv6(name) ? `[${name}]` : name}:${port}`)
