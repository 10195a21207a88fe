// Which pull credentials are for a repository, and a name for them that does not reveal them.
import { createHash } from 'node:crypto'
import { writeJson } from '../base/write-json.ts'
import type { PullCredential } from '../supply-chain/policy/image-question.ts'

/** The longest location first, as kubelets try them. Docker Hub has several names in pull Secrets. */
export function credentialsFor(repository: string, credentials: readonly PullCredential[]): PullCredential[] {
  return credentials
    .filter(({ location }) => isWithin(repository, normalized(location)))
    .toSorted((a, b) => normalized(b.location).length - normalized(a.location).length)
}

/** '' for none. */
export function fingerprintOf(credentials: readonly PullCredential[]): string {
  if (credentials.length === 0) return ''
  const hash = createHash('sha256')
  for (const { location, username, password } of credentials) hash.update(writeJson([location, username, password]))
  return hash.digest('base64url')
}

function normalized(location: string): string {
  const plain = location.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '')
  return plain.replace(/^(?:index|registry-1)\.docker\.io(?=$|\/)/, 'docker.io')
}

const isWithin = (repository: string, location: string): boolean => repository === location || repository.startsWith(`${location}/`)
