// Turns a kubeconfig file into options of a transport. Only verified servers are accepted.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { load } from 'js-yaml'

export interface Kubeconfig {
  readonly server: string
  readonly ca: string
  readonly certificate?: string
  readonly key?: string
  readonly token?: string
  readonly serverName?: string
  /** The namespace of the context; `default` if it has none. */
  readonly namespace: string
}

type Fields = Readonly<Record<string, unknown>>

/** Uses the current context unless `context` names another. */
export async function readKubeconfig(path: string, context?: string): Promise<Kubeconfig> {
  return parseKubeconfig(await readFile(path, 'utf8'), path, file => readFile(file, 'utf8'), context)
}

/** `path` appears in errors, and relative file names are relative to its folder. */
export async function parseKubeconfig(
  text: string,
  path: string,
  read: (file: string) => Promise<string>,
  wantedContext?: string,
): Promise<Kubeconfig> {
  const fail = (what: string): Error => new Error(`Cannot use kubeconfig "${path}": ${what}`)
  const root = fields(load(text))
  const contextName = wantedContext ?? stringOf(root['current-context']) ?? ''
  if (contextName === '') throw fail('it has no current-context')
  const context = named(root['contexts'], contextName, 'context')
  if (context === undefined) throw fail(`context "${contextName}" does not exist`)
  const clusterName = stringOf(context['cluster']) ?? ''
  const cluster = named(root['clusters'], clusterName, 'cluster')
  if (cluster === undefined) throw fail(`cluster "${clusterName}" does not exist`)
  const user = named(root['users'], stringOf(context['user']) ?? '', 'user') ?? {}
  if (cluster['insecure-skip-tls-verify'] === true) throw fail('insecure-skip-tls-verify is set, and the server is always verified')
  const server = stringOf(cluster['server'])
  if (server === undefined) throw fail(`cluster "${clusterName}" has no server`)

  const material = async (from: Fields, key: string): Promise<string | undefined> => {
    const data = stringOf(from[`${key}-data`])
    if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8')
    const file = stringOf(from[key])
    return file === undefined ? undefined : read(resolve(dirname(path), file))
  }
  const ca = await material(cluster, 'certificate-authority')
  if (ca === undefined) throw fail(`cluster "${clusterName}" has no certificate-authority`)
  const certificate = await material(user, 'client-certificate')
  const key = await material(user, 'client-key')
  if ((certificate === undefined) !== (key === undefined))
    throw fail('client-certificate and client-key belong together, and one is missing')
  const tokenFile = stringOf(user['tokenFile'])
  const token = tokenFile === undefined ? stringOf(user['token']) : (await read(resolve(dirname(path), tokenFile))).trim()
  const serverName = stringOf(cluster['tls-server-name'])
  return {
    server,
    ca,
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
    ...(token === undefined ? {} : { token }),
    ...(serverName === undefined ? {} : { serverName }),
    namespace: stringOf(context['namespace']) ?? 'default',
  }
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The entry with this name in a list of a kubeconfig (`[{ name, cluster: {…} }]`). */
function named(list: unknown, name: string, key: string): Fields | undefined {
  if (!Array.isArray(list)) return undefined
  const found = list.map(fields).find(entry => entry['name'] === name)
  return found === undefined ? undefined : fields(found[key])
}
