// Finds the registry credentials for an image in a pod's imagePullSecrets. Pure, given the Secrets.

import { parseJson } from '../../base/json.ts'
import type { ImageReference } from '../image-reference.ts'
import type { Secret } from '../types/core-v1.ts'

/** In the form in which runtimes take it; texts are empty if the Secret has none. */
export interface RegistryCredential {
  readonly username: string
  readonly password: string
  readonly serverAddress: string
  readonly identityToken: string
  readonly registryToken: string
}

interface DockerConfigEntry {
  username?: unknown
  password?: unknown
  auth?: unknown
  identitytoken?: unknown
  registrytoken?: unknown
}

/** All matches, most specific first. Unreadable Secrets are skipped, as upstream. */
export function credentialsFor(image: ImageReference, secrets: readonly Secret[]): RegistryCredential[] {
  const found: { length: number; auth: RegistryCredential }[] = []
  for (const secret of secrets) {
    for (const [key, entry] of Object.entries(entriesOf(secret))) {
      const pattern = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '')
      if (matches(pattern, image)) found.push({ length: pattern.length, auth: authOf(entry, image.registry) })
    }
  }
  return found.sort((a, b) => b.length - a.length).map(({ auth }) => auth)
}

function entriesOf({ data }: Secret): Record<string, DockerConfigEntry> {
  const json = data?.['.dockerconfigjson']
  const legacy = data?.['.dockercfg']
  try {
    if (json !== undefined) {
      const parsed = parseJson(Buffer.from(json, 'base64').toString()) as { auths?: Record<string, DockerConfigEntry> }
      return parsed.auths ?? {}
    }
    return legacy === undefined ? {} : (parseJson(Buffer.from(legacy, 'base64').toString()) as Record<string, DockerConfigEntry>)
  } catch {
    // Not JSON: the Secret's owner sees the registry's refusal in the pod's events.
    return {}
  }
}

/** `*` matches one label of the host; the path is a prefix of whole segments. */
function matches(pattern: string, { repository }: ImageReference): boolean {
  const [host = '', ...path] = pattern.split('/')
  const [imageHost = '', ...imagePath] = repository.split('/')
  const labels = host.replace(/^docker\.io$/, 'index.docker.io').split('.')
  const imageLabels = imageHost.split('.')
  if (labels.length !== imageLabels.length) return false
  const sameHost = labels.every((label, i) => label === '*' || label === imageLabels[i])
  return sameHost && path.filter(Boolean).every((segment, i) => segment === imagePath[i])
}

function authOf({ username, password, auth, identitytoken, registrytoken }: DockerConfigEntry, server: string): RegistryCredential {
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const decoded = Buffer.from(text(auth), 'base64').toString()
  const colon = decoded.indexOf(':')
  return {
    username: text(username) || (colon < 0 ? '' : decoded.slice(0, colon)),
    password: text(password) || (colon < 0 ? '' : decoded.slice(colon + 1)),
    // A URL: the runtime sends the credentials to this host and to no mirror. Docker Hub's host differs from its image names.
    serverAddress: server === 'index.docker.io' ? '' : `https://${server}`,
    identityToken: text(identitytoken),
    registryToken: text(registrytoken),
  }
}
