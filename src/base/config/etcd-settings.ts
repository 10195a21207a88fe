// Where the store is, if it is in etcd: the addresses of its members and the files of mutual TLS.
import { UserError } from '../user-error.ts'

export interface EtcdConfig {
  /** `https://host:port` of each member. */
  readonly servers: readonly string[]
  /** Paths. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface EtcdSettings {
  readonly store?: 'sqlite' | 'etcd'
  /** Separated by commas; in a file also a list. */
  readonly etcdServers?: string | readonly string[]
  readonly etcdCa?: string
  readonly etcdCert?: string
  readonly etcdKey?: string
}

/** Raft needs a majority, and more than seven members slow it down. */
export const maxEtcdServers = 9

/** Undefined for the store in the data directory. Throws a UserError for settings that do not belong together, or that are not safe. */
export function etcdConfigOf(settings: EtcdSettings): EtcdConfig | undefined {
  const { store, etcdServers, etcdCa: ca, etcdCert: cert, etcdKey: key } = settings
  const isEtcd = store === 'etcd'
  if (!isEtcd) {
    if ([etcdServers, ca, cert, key].some(value => value !== undefined))
      throw new UserError('The settings of etcd need --store etcd, because without it the store is in the data directory')
    return undefined
  }
  const servers = (typeof etcdServers === 'string' ? etcdServers.split(',') : (etcdServers ?? [])).map(server => server.trim())
  if (servers.length === 0 || servers.length > maxEtcdServers)
    throw new UserError(`--store etcd needs --etcd-servers with 1 to ${maxEtcdServers} addresses such as https://10.0.0.1:2379`)
  for (const server of servers) requireHttps(server)
  if (ca === undefined || cert === undefined || key === undefined)
    throw new UserError('--store etcd needs --etcd-ca, --etcd-cert and --etcd-key: etcd is reached over mutual TLS only')
  return { servers: servers.map(server => server.replace(/\/$/, '')), ca, cert, key }
}

function requireHttps(server: string): void {
  const url = URL.canParse(server) ? new URL(server) : undefined
  const isPlain = url !== undefined && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (url?.protocol !== 'https:' || !isPlain || url.pathname !== '/')
    throw new UserError(`--etcd-servers must be addresses such as https://10.0.0.1:2379, separated by commas, got "${server}"`)
}
