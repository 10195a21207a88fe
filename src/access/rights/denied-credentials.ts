// The stored deny list: one ConfigMap in kube-system, one credential or user per key, changed only with the right to deny credentials.
import {
  accountTokensKind,
  deniedCredentials,
  denyNodesRight,
  denyRight,
  nodeCertificatesKind,
  parseAccountTokens,
  parseNodeCertificates,
} from '../../api/credentials/denied-credentials-names.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../api/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import { type ApiError, forbidden, invalid } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import type { Attributes } from '../access.ts'
import { credentialIdExtra } from '../access.ts'
import type { Authorization } from '../authorize.ts'
import { type Authenticated, createDenyList, type Denial } from '../revocation.ts'

interface Form {
  readonly pattern: { test(value: string): boolean }
  readonly wanted: string
}

const forms: Readonly<Record<Denial['kind'], Form>> = {
  certificate: { pattern: /^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i, wanted: 'a SHA-256 fingerprint of 64 hexadecimal digits' },
  'certificate-serial': { pattern: /^[0-9a-f][0-9a-f:]*$/i, wanted: 'a serial number in hexadecimal digits' },
  token: { pattern: /^\S+$/, wanted: 'the "jti" of a token' },
  'user-uid': { pattern: /^\S+$/, wanted: 'the uid of a user' },
  'user-name': { pattern: /^\S.*$/, wanted: 'the name of a user' },
  [nodeCertificatesKind]: {
    pattern: { test: value => parseNodeCertificates(value) !== undefined },
    wanted: 'a node and a time, "<node>@<RFC 3339 time in UTC>": certificates of the node that expire until then',
  },
  [accountTokensKind]: {
    pattern: { test: value => parseAccountTokens(value) !== undefined },
    wanted: 'an RFC 3339 time in UTC: tokens of ServiceAccounts that were issued until then',
  },
}
const kinds = Object.keys(forms)
const isKind = (text: string): text is Denial['kind'] => kinds.includes(text)

export interface ListObject extends KubeObject {
  data?: Readonly<Record<string, string>> | null
  binaryData?: Readonly<Record<string, string>> | null
}

/** The denials of the ConfigMap, each `<kind>:<value>` under a key of its author's choice, and invalid entries. */
export function parseDenials(object: KubeObject | undefined): {
  readonly denials: readonly Denial[]
  readonly errors: readonly FieldError[]
} {
  const { data, binaryData }: ListObject = object ?? { metadata: {} }
  const denials: Denial[] = []
  const errors: FieldError[] = []
  for (const [key, text] of Object.entries(data ?? {})) {
    const field = `data[${key}]`
    const colon = text.indexOf(':')
    const kind = text.slice(0, Math.max(colon, 0)).trim()
    const value = text.slice(colon + 1).trim()
    if (!isKind(kind)) errors.push(invalidValue(field, text, `must be "<kind>:<value>" with a kind of ${kinds.join(', ')}`))
    else if (forms[kind].pattern.test(value)) denials.push({ kind, value })
    else errors.push(invalidValue(field, text, `must name ${forms[kind].wanted}`))
  }
  for (const key of Object.keys(binaryData ?? {})) errors.push(forbiddenField(`binaryData[${key}]`, 'denials are text, under data'))
  return { denials, errors }
}

/** A write that is about to be stored; an AdmissionRequest has all of it. */
export interface ListWrite {
  readonly resource: { readonly group: string; readonly plural: string; readonly kind: string }
  readonly namespace: string
  readonly name: string
  readonly object: KubeObject | undefined
  readonly oldObject: KubeObject | undefined
  readonly user: UserInfo
}

/** The user whose requests the server needs; it has no credential that an outside client could present. */
const undeniable: UserInfo = { name: 'system:apiserver', groups: [] }

export const isDenialList = ({ resource, namespace, name }: Pick<ListWrite, 'resource' | 'namespace' | 'name'>): boolean =>
  resource.group === '' && resource.plural === 'configmaps' && namespace === deniedCredentials.namespace && name === deniedCredentials.name

/** The refusal of a write of the list; undefined if it may continue. */
export async function checkDenialList(write: ListWrite, authorization: Pick<Authorization, 'authorize'>): Promise<ApiError | undefined> {
  if (!isDenialList(write)) return undefined
  const { resource, namespace, name, object, oldObject, user } = write
  const mayDeny = async (right: typeof denyRight | typeof denyNodesRight): Promise<boolean> => {
    const asked: Attributes = { user, ...right, isResource: true, version: '*', subresource: '', namespace, name: '', path: '' }
    return (await authorization.authorize(asked, write)).allowed
  }
  if (!(await mayDeny(denyRight)) && !(changesNodesOnly(oldObject, object) && (await mayDeny(denyNodesRight)))) {
    const { verb, group } = denyRight
    return forbidden(
      resource,
      name,
      `changing this list needs the verb "${verb}" on "${denyRight.resource}.${group}" in namespace "${namespace}"`,
    )
  }
  const { denials, errors } = parseDenials(object)
  if (errors.length > 0) return invalid(resource, name, errors)
  const next = createDenyList(denials)
  if (next.denies(identityOf(user)) !== undefined) {
    return invalid(resource, name, [forbiddenField('data', 'this would deny the credential or the user of this very request')])
  }
  if (next.denies(identityOf(undeniable)) === undefined) return undefined
  return invalid(resource, name, [forbiddenField('data', `user "${undeniable.name}" is the API server itself`)])
}

/** Whether every added, removed or changed entry is about a deleted Node, before and after. */
function changesNodesOnly(before: ListObject | undefined, after: ListObject | undefined): boolean {
  const [old, now] = [before?.data ?? {}, after?.data ?? {}]
  const isNodes = (text: string | undefined): boolean => text === undefined || text.startsWith(`${nodeCertificatesKind}:`)
  const keys = new Set([...Object.keys(old), ...Object.keys(now)])
  return [...keys].every(key => old[key] === now[key] || (isNodes(old[key]) && isNodes(now[key])))
}

/** The user with the credential that the authenticator stored in its extra. */
function identityOf(user: UserInfo): Authenticated {
  const shown = user.extra?.[credentialIdExtra]?.[0] ?? ''
  const credentialId = shown.replace(/^X509SHA256=/, 'x509:').replace(/^JTI=/, 'jwt:')
  return { outcome: 'authenticated', user, credentialId, authenticator: '' }
}
