// Requests and answers of the part's socket: the content of frames, and the parsing of untrusted input.

import type { ImageHit, PackageAnswer } from '../api/package-search.ts'
import { isJsonObject, isTexts } from '../base/json.ts'
import { UserError } from '../base/user-error.ts'
import { isDigest } from '../supply-chain/oci/digest.ts'
import type {
  AskedImage,
  ImageAnswer,
  ImageQuestion,
  ObjectVersion,
  PolicyVersion,
  PullCredential,
} from '../supply-chain/policy/image-question.ts'

type Fields = Readonly<Record<string, unknown>>

export type ArtifactsMethod = 'evaluate' | 'where' | 'alive'

export interface WireRequest {
  readonly id: number
  readonly method: ArtifactsMethod
  readonly params: Fields
}

export type WireAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly message: string } }

const maxText = 8192
const maxItems = 1000

const malformed = (what: string): UserError => new UserError(`The request's ${what} is malformed`)

export function parseRequest(value: unknown): WireRequest {
  if (!isJsonObject(value) || typeof value['id'] !== 'number') throw malformed('id')
  const { id, method } = value
  if (method !== 'evaluate' && method !== 'where' && method !== 'alive') throw malformed('method')
  const params = value['params'] ?? {}
  if (!isJsonObject(params)) throw malformed('params')
  return { id, method, params }
}

export function parseQuestion(params: Fields): ImageQuestion {
  return {
    namespace: text(params, 'namespace'),
    images: list(params, 'images', (item): AskedImage => ({ image: text(item, 'image'), policies: list(item, 'policies', policyVersion) })),
    credentials: list(
      params,
      'credentials',
      (item): PullCredential => ({ location: text(item, 'location'), username: text(item, 'username'), password: text(item, 'password') }),
    ),
    trustRoots: list(params, 'trustRoots', objectVersion),
    ...(params['knownOnly'] === true ? { knownOnly: true } : {}),
    ...(params['exposed'] === true ? { exposed: true } : {}),
  }
}

export const parseSearch = (params: Fields): string => text(params, 'text')

/** Undefined for a value that is no answer. */
export function parsePackageAnswer(value: unknown): PackageAnswer | undefined {
  if (!isJsonObject(value) || !Array.isArray(value['hits']) || typeof value['more'] !== 'number') return undefined
  const hits: ImageHit[] = []
  for (const hit of value['hits']) {
    const { image, packages } = isJsonObject(hit) ? hit : {}
    if (typeof image !== 'string' || !isDigest(image) || !isTexts(packages)) return undefined
    hits.push({ image, packages })
  }
  return { hits, more: value['more'] }
}

/** Undefined for a value that is no list of answers. */
export function parseAnswers(value: unknown): readonly ImageAnswer[] | undefined {
  if (!Array.isArray(value)) return undefined
  try {
    return value.map(item => {
      if (!isJsonObject(item)) throw malformed('answer')
      return parseAnswer(item)
    })
  } catch (err) {
    if (err instanceof UserError) return undefined
    throw err
  }
}

const reasons = ['Missing', 'Unreachable', 'Busy', 'Malformed'] as const
const verdicts = ['Verified', 'Unverified', 'Refused'] as const

function parseAnswer(item: Fields): ImageAnswer {
  const image = text(item, 'image')
  const message = text(item, 'message')
  if (item['known'] === false) return { known: false, image, message, reason: oneOf(item, 'reason', reasons) }
  const { digest, time, identities } = item
  if (item['known'] !== true || typeof digest !== 'string' || !isDigest(digest) || typeof time !== 'number') throw malformed('answer')
  if (!Array.isArray(identities) || !identities.every(identity => typeof identity === 'string')) throw malformed('identities')
  return { known: true, image, digest, verdict: oneOf(item, 'verdict', verdicts), identities, message, time }
}

const objectVersion = (item: Fields): ObjectVersion => ({ name: text(item, 'name'), resourceVersion: text(item, 'resourceVersion') })
const policyVersion = (item: Fields): PolicyVersion => ({ ...objectVersion(item), namespace: text(item, 'namespace') })

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.length > maxText) throw malformed(name)
  return value
}

function oneOf<T extends string>(fields: Fields, name: string, known: readonly T[]): T {
  const found = known.find(value => value === fields[name])
  if (found === undefined) throw malformed(name)
  return found
}

function list<T>(fields: Fields, name: string, each: (item: Fields) => T): T[] {
  const value = fields[name]
  if (!Array.isArray(value) || value.length > maxItems) throw malformed(name)
  return value.map(item => {
    if (!isJsonObject(item)) throw malformed(name)
    return each(item)
  })
}
