// `bulkhead registry login`: a short-lived password for the cluster's registry, for the user of the kubeconfig, where docker, skopeo,
// cosign and others look for it.
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { isReason } from '../../api/status.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { cannotRead, messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { Client } from '../../client/client.ts'
import { configMaps, registryTokens } from '../../client/resources.ts'
import { type ClusterChoice, findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'

export interface LoginFlags extends ClusterChoice {
  readonly authfile?: string
  readonly print?: boolean
}

/** The registry reads the user from the token; some clients want a name. */
const username = 'bulkhead'
const hostPattern = /^(?:[A-Za-z0-9.-]+|\[[A-Fa-f0-9:]+\])(?::\d{1,5})?$/

/** Rejects with a UserError for a host that is none, a file that is not docker's, or a cluster that does not answer. */
export async function login(host: string, flags: LoginFlags, print: (text: string) => void, signal: AbortSignal): Promise<void> {
  if (!hostPattern.test(host)) throw new UserError(`The registry must be HOST:PORT, as in image names, got "${host}"`)
  await using transport = reachCluster(await findKubeconfig(flags), 'bulkhead-registry-login')
  const client = new Client(transport)
  // Who only looks at the password may send it where they like.
  if (flags.print !== true) requireOwnRegistry(host, await hostsOf(client, signal))
  const { status } = await client.create(registryTokens, '', { metadata: { name: '' }, spec: {} }, signal).catch((err: unknown) => {
    throw err instanceof UserError || signal.aborted ? err : new UserError(`The cluster gives no token: ${String(err)}`, { cause: err })
  })
  if (status === undefined) throw new UserError('The cluster gave no token: its version is older than this command')
  const { token, username: user, expirationTimestamp } = status
  if (flags.print === true) return print(token)
  const file = flags.authfile ?? dockerConfigFile(process.env, homedir())
  await replaceConfig(file, host, token)
  print(`"${user}" is logged in to ${host} until ${expirationTimestamp} (${file})`)
}

/** The names of the cluster's registry; none if it is not announced. */
async function hostsOf(client: Client, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { data = {} } = await client.get(configMaps, 'kube-public', 'local-registry-hosting', signal)
    return (data['hosts'] ?? '').split('\n').filter(name => name !== '')
  } catch (err) {
    if (isReason(err, 'NotFound')) return []
    throw err instanceof UserError || signal.aborted
      ? err
      : new UserError(`The cluster does not say where its registry is: ${messageOf(err)}`, { cause: err })
  }
}

/** Throws a UserError: clients would send the password to whoever answers under a mistyped name. */
export function requireOwnRegistry(host: string, hosts: readonly string[]): void {
  if (hosts.length === 0) throw new UserError('The cluster has no registry: start it with "bulkhead up --registry"')
  if (!hosts.includes(host)) throw new UserError(`"${host}" is not the cluster's registry: it must be ${hosts.join(' or ')}`)
}

/** Docker's own file, which skopeo, cosign, helm and crane read too. */
export const dockerConfigFile = (environment: Readonly<Record<string, string | undefined>>, home: string): string =>
  join(environment['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json')

async function replaceConfig(file: string, host: string, token: string): Promise<void> {
  let text: string | undefined
  try {
    text = await readTextIfThere(file)
  } catch (err) {
    throw cannotRead(file, err)
  }
  const content = withLogin(file, text, host, token)
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await replaceFile(file, content, 0o600)
  } catch (err) {
    throw new UserError(`Cannot write "${file}": ${err instanceof Error ? err.message : String(err)}`, { cause: err })
  }
}

/** The file with this login and everything else that it had. */
export function withLogin(file: string, text: string | undefined, host: string, token: string): string {
  let config: unknown = {}
  if (text !== undefined && text.trim() !== '') {
    try {
      config = parseJson(text)
    } catch (err) {
      throw new UserError(`"${file}" is not JSON`, { cause: err })
    }
  }
  if (!isJsonObject(config)) throw new UserError(`"${file}" must be a JSON object, as docker writes it`)
  const { auths = {}, credsStore, credHelpers, ...others } = config
  // Clients would ask the helper, and not find this login.
  if (credsStore !== undefined)
    throw new UserError(
      `"${file}" leaves passwords to the program "${String(credsStore)}": use --authfile FILE, or --print and "docker login ${host}"`,
    )
  if (!isJsonObject(auths)) throw new UserError(`"${file}": auths must be a JSON object`)
  const auth = Buffer.from(`${username}:${token}`).toString('base64')
  const helpers = credHelpers === undefined ? {} : { credHelpers }
  return `${writeJson({ ...others, ...helpers, auths: { ...auths, [host]: { auth } } }, null, 2)}\n`
}
