// Acting as another user: each part of the other identity is a right of its own, and asking for a part without a user is refused.

import { isUtf8 } from 'node:buffer'
import type { Attributes } from '../../access/access.ts'
import { authenticatedGroup } from '../../access/access.ts'
import type { Asker } from '../../access/authorize.ts'
import { type ApiError, badRequest } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import { nameIsDnsLabel, nameIsDnsSubdomain } from '../../api/validation/names.ts'
import { writeJson } from '../../base/write-json.ts'
import type { RequestHeaders } from '../http/exchange.ts'
import { type Authorize, requireAllowed } from './authorize.ts'

const userHeader = 'impersonate-user'
const groupHeader = 'impersonate-group'
const uidHeader = 'impersonate-uid'
const extraPrefix = 'impersonate-extra-'
const serviceAccountPrefix = 'system:serviceaccount:'
const authenticationGroup = 'authentication.k8s.io'

export function wantsImpersonation(headers: RequestHeaders): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true
  return false
}

/** The identity to act with. Rejects with a 403 for the first part that `user` may not take on; `asker` is the request. */
export async function impersonate(user: UserInfo, headers: RequestHeaders, authorize: Authorize, asker: Asker): Promise<UserInfo> {
  const name = first(headers, userHeader)
  const uid = first(headers, uidHeader) || undefined
  const groups = values(headers, groupHeader)
  const extra = extras(headers)
  if (name === undefined || name === '') throw withoutUser(groups, extra, uid)
  const ask = async (resource: string, group: string, part: { name: string; namespace?: string; subresource?: string }): Promise<void> => {
    const attributes: Attributes = {
      user,
      verb: 'impersonate',
      isResource: true,
      group,
      version: 'v1',
      resource,
      subresource: part.subresource ?? '',
      namespace: part.namespace ?? '',
      name: part.name,
      path: '',
    }
    await requireAllowed(attributes, authorize, asker)
  }
  const account = serviceAccount(name)
  if (account) await ask('serviceaccounts', '', account)
  else await ask('users', '', { name })
  for (const group of groups) await ask('groups', '', { name: group })
  for (const [key, list] of Object.entries(extra)) {
    for (const value of list) await ask('userextras', authenticationGroup, { name: value, subresource: key })
  }
  if (uid !== undefined) await ask('uids', authenticationGroup, { name: uid })
  return {
    name,
    groups: completeGroups(name, groups),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

/** Lists the requested attributes as upstream does, which prints its references. */
function withoutUser(groups: readonly string[], extra: Readonly<Record<string, readonly string[]>>, uid: string | undefined): ApiError {
  const asked = groups.map(group => `{Group  ${group}    }`)
  for (const [key, list] of Object.entries(extra))
    for (const value of list) asked.push(`{UserExtra  ${value}  ${authenticationGroup}/v1  ${key}}`)
  if (uid !== undefined) asked.push(`{UID  ${uid}  ${authenticationGroup}/v1  }`)
  return badRequest(`requested [${asked.join(' ')}] without impersonating a user`)
}

/** The groups that a user of this name has if only some or none are given. */
export function completeGroups(name: string, groups: readonly string[]): readonly string[] {
  const account = serviceAccount(name)
  const all = [...groups]
  if (groups.length === 0 && account) all.push('system:serviceaccounts', `system:serviceaccounts:${account.namespace}`)
  const added = name === 'system:anonymous' ? 'system:unauthenticated' : authenticatedGroup
  if (!all.includes(added) && !all.includes('system:unauthenticated')) all.push(added)
  return all
}

function serviceAccount(name: string): { namespace: string; name: string } | undefined {
  if (!name.startsWith(serviceAccountPrefix)) return undefined
  const [namespace, account, more] = name.slice(serviceAccountPrefix.length).split(':')
  if (!namespace || !account || more !== undefined) return undefined
  // A name that no account can have is an ordinary user.
  if (nameIsDnsLabel(namespace, false).length > 0 || nameIsDnsSubdomain(account, false).length > 0) return undefined
  return { namespace, name: account }
}

/** Transports pass names in lower case; escaped characters keep their case, and two spellings of one key are one. */
function extras(headers: RequestHeaders): Record<string, string[]> {
  // No assignments: a member `__proto__` would not become one of the extras.
  const found = new Map<string, string[]>()
  for (const name in headers) {
    if (!name.startsWith(extraPrefix)) continue
    let key = name.slice(extraPrefix.length)
    try {
      key = decodeURIComponent(key)
    } catch (err) {
      if (!(err instanceof URIError)) throw err
      throw badRequest(`invalid URL escape in header ${writeJson(name)}`)
    }
    found.set(key, [...(found.get(key) ?? []), ...values(headers, name)])
  }
  return Object.fromEntries(found)
}

function first(headers: RequestHeaders, name: string): string | undefined {
  return values(headers, name)[0]
}

/** Transports hand these headers over unjoined: a group's name may hold a comma. */
function values(headers: RequestHeaders, name: string): string[] {
  const value = headers[name]
  return value === undefined ? [] : (typeof value === 'string' ? [value] : value).map(text => decoded(text, name))
}

/** Transports read each byte as one character, but names are in UTF-8: without this they would be different names. */
function decoded(text: string, name: string): string {
  const bytes = Buffer.from(text, 'latin1')
  if (!isUtf8(bytes) || bytes.toString('latin1') !== text) throw badRequest(`header ${writeJson(name)} is not UTF-8`)
  return bytes.toString()
}
