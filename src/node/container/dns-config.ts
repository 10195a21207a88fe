// The resolver of a pod, from dnsPolicy and dnsConfig. Pure.
import type { Pod } from '../../api/types/core-v1.ts'

export interface Resolver {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface ClusterDns {
  /** Empty if the cluster has no DNS: pods then get the node's resolver. */
  readonly servers: readonly string[]
  /** `cluster.local` */
  readonly domain: string
}

/** Limit of libc. */
const maxServers = 3
const maxSearches = 32

export function podResolver({ metadata, spec }: Pod, node: Resolver, cluster: ClusterDns): Resolver {
  const policy = spec.dnsPolicy ?? 'ClusterFirst'
  const own = spec.dnsConfig
  const base = policyResolver(policy, spec.hostNetwork ?? false, metadata.namespace ?? '', node, cluster)
  const options = new Map<string, string | undefined>(base.options.map(option => splitOption(option)))
  for (const { name = '', value } of own?.options ?? []) options.set(name, value)
  return {
    servers: unique([...base.servers, ...(own?.nameservers ?? [])]).slice(0, maxServers),
    searches: unique([...base.searches, ...(own?.searches ?? [])]).slice(0, maxSearches),
    options: [...options].map(([name, value]) => (value === undefined || value === '' ? name : `${name}:${value}`)),
  }
}

function policyResolver(
  policy: string,
  hostNetwork: boolean,
  namespace: string,
  node: Resolver,
  { servers, domain }: ClusterDns,
): Resolver {
  if (policy === 'None') return { servers: [], searches: [], options: [] }
  const fromNode = policy === 'Default' || (policy === 'ClusterFirst' && hostNetwork) || servers.length === 0
  if (fromNode) return node
  return {
    servers,
    searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain, ...node.searches],
    options: ['ndots:5'],
  }
}

export function parseResolvConf(text: string): Resolver {
  const servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/)
    if (keyword === 'nameserver' && values[0] !== undefined) servers.push(values[0])
    else if (keyword === 'search') searches = values.filter(value => value !== '.')
    else if (keyword === 'options') options = values
  }
  return { servers, searches, options }
}

/** In the form that the runtime writes and parseResolvConf() reads. */
export function resolvConf({ servers, searches, options }: Resolver): string {
  const line = (keyword: string, values: readonly string[]) => (values.length === 0 ? '' : `${keyword} ${values.join(' ')}\n`)
  return [line('search', searches), ...servers.map(server => line('nameserver', [server])), line('options', options)].join('')
}

function splitOption(option: string): [string, string | undefined] {
  const at = option.indexOf(':')
  return at < 0 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)]
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
