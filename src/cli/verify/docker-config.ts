// Names and passwords for registries, as `docker login` and `skopeo login` write them (docker's config.json; containers-auth.json(5)).
import { readTextIfThere } from '../../base/files/read-text.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { cannotRead, UserError } from '../../base/user-error.ts'
import type { RegistryCredentials } from '../../supply-chain/oci/registry/authorization.ts'

/** Undefined if the file is not there or has none for the registry. Rejects with a UserError if it is not readable. */
export async function registryCredentials(file: string, host: string): Promise<RegistryCredentials | undefined> {
  let text: string | undefined
  try {
    text = await readTextIfThere(file)
  } catch (err) {
    throw cannotRead(file, err)
  }
  if (text === undefined) return undefined
  let config: unknown
  try {
    config = parseJson(text)
  } catch (err) {
    // The text is not part of the message: it has passwords.
    throw new UserError(`"${file}" is not JSON`, { cause: err })
  }
  const auths = isJsonObject(config) && isJsonObject(config['auths']) ? config['auths'] : {}
  const names = host === 'docker.io' ? [host, 'index.docker.io'] : [host]
  const entry = Object.entries(auths).find(([name]) =>
    names.includes(name.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '')),
  )?.[1]
  if (!isJsonObject(entry) || typeof entry['auth'] !== 'string') return undefined
  const decoded = Buffer.from(entry['auth'], 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  return colon <= 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}
