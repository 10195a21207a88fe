// The server's answer to one manifest, and how it becomes findings.

import type { PatchOperation } from '../../api/patch/json-patch-between.ts'
import { resources } from '../../api/resources/index.ts'
import type { Status } from '../../api/status.ts'
import type { StatusCause } from '../../api/types/meta-v1.ts'
import type { Severity } from '../../assess/manifest-check.ts'
import { removedApi } from '../../assess/removed-apis.ts'
import type { ResourceRef } from '../../client/resource-ref.ts'
import { parseFieldPath } from './field-path.ts'
import type { Finding } from './finding.ts'
import { notInLayouts } from './images/not-in-layouts.ts'
import type { Manifest } from './manifests.ts'
import type { Locate } from './positions.ts'

export type Verdict = Answer & {
  /** Why a new server in memory evaluated the object instead of the cluster; absent otherwise. */
  readonly instead?: string
}

export type Answer =
  | {
      readonly outcome: 'admitted'
      readonly resource: ResourceRef
      readonly warnings: readonly string[]
      /** The answer of the server: the object as it would be stored. */
      readonly text: string
    }
  | {
      readonly outcome: 'refused'
      readonly resource: ResourceRef
      readonly warnings: readonly string[]
      readonly status: Status
      /** The admission plug-in that refused the object, if the server names it. */
      readonly plugin?: string
      readonly patch?: readonly PatchOperation[]
    }
  | { readonly outcome: 'unknown-kind' }

/** `namespace` applies to objects without one. */
export function findingsOf(manifest: Manifest, verdict: Verdict, locate: Locate, namespace: string): Finding[] {
  const { document, at, apiVersion, kind, name } = manifest
  const named = { apiVersion, kind, name }
  const where = (field: string) => ({ file: document.file, ...locate([...at, ...parseFieldPath(field)]) })
  if (verdict.outcome === 'unknown-kind') {
    // A check reports the replacement of a removed API.
    if (removedApi(apiVersion, kind) !== undefined) return []
    return [{ rule: 'unknown-kind', ...unknownKind(apiVersion, kind), ...where('kind'), object: named, field: 'kind' }]
  }
  const instead = verdict.instead
  const object = verdict.resource.namespaced ? { ...named, namespace: manifest.namespace ?? namespace } : named
  const warnings = verdict.warnings.map((message): Finding => {
    const field = leadingField(message)
    // What the cluster fills in is not a fault of the manifest.
    const kind = isNotAsked(message)
      ? ({ rule: 'not-asked', severity: 'note' } as const)
      : isFilledIn(message)
        ? ({ rule: 'filled-in', severity: 'note' } as const)
        : ({ rule: 'api-warning', severity: 'warning' } as const)
    return { ...kind, message, ...where(field), object, ...(field === '' ? {} : { field }) }
  })
  // If the object is refused, notes about skipped rules do not matter.
  const notes: Finding[] =
    instead === undefined || verdict.outcome === 'refused'
      ? []
      : [{ rule: 'not-asked', severity: 'note', message: instead, ...where(''), object }]
  if (verdict.outcome === 'admitted') return [...warnings, ...notes]
  const { status, plugin, patch } = verdict
  const rule = plugin ?? ruleOf(status)
  const refusals = complaintsOf(status).map(({ message, field }, index): Finding => {
    const path = field === '' ? {} : { field }
    // The patch fixes the object as a whole: it belongs to the first complaint, and the others disappear with it.
    const fix = index === 0 && patch !== undefined ? { fix: patch } : {}
    return { rule, severity: 'error', message, ...where(field), object, ...path, ...fix }
  })
  return [...refusals, ...warnings, ...notes]
}

/** No policy is for an image that no layout has. */
const isNotAsked = (message: string): boolean =>
  message.startsWith('image "') && message.includes(`admitted as unverified: ${notInLayouts}`)

const isFilledIn = (message: string): boolean => message.startsWith('PodSecurity filled in ')

const builtInGroups: ReadonlySet<string> = new Set(resources.map(({ group }) => group))

/** A definition cannot add a kind to Kubernetes' own groups: the name is wrong, or the API is off. */
function unknownKind(apiVersion: string, kind: string): { severity: Severity; message: string } {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  const message = `nothing defines the kind "${kind}" of "${apiVersion}"`
  if (builtInGroups.has(group)) return { severity: 'error', message: `${message}: a cluster would refuse the object` }
  return { severity: 'note', message: `${message}, so its objects are not evaluated; pass its CustomResourceDefinition with --crds FILE` }
}

function ruleOf({ code, reason }: Status): string {
  if (reason === 'Invalid') return 'validation'
  if (reason === 'BadRequest') return 'decoding'
  return code === 409 ? 'conflict' : 'refused'
}

interface Complaint {
  readonly message: string
  readonly field: string
}

function complaintsOf(status: Status): Complaint[] {
  const { message = status.reason ?? 'refused', details } = status
  if (status.reason === 'BadRequest') return decodingComplaints(message)
  const groups = Map.groupBy((details?.causes ?? []).filter(hasText), cause => `${cause.reason ?? ''}: ${cause.message}`)
  const isNamespace = status.reason === 'NotFound' && details?.kind === 'namespaces'
  if (groups.size === 0) return [{ message: shortened(message), field: isNamespace ? 'metadata.namespace' : '' }]
  const invalid = status.reason === 'Invalid'
  return [...groups.values()].map(([cause = { message }]) => ({
    message: invalid || cause.reason === undefined ? cause.message : `${cause.reason}: ${cause.message}`,
    field: cause.field ?? '',
  }))
}

const hasText = (cause: StatusCause): cause is StatusCause & { message: string } => cause.message !== undefined && cause.message !== ''

/** Without the patch, which is shown separately. */
const shortened = (message: string): string => message.replace(/; this JSON patch of the \w+ would pass: \[.*\]$/, '')

/** Strict decoding lists all unknown fields: each becomes a finding at its own place. */
function decodingComplaints(message: string): Complaint[] {
  const [, list] = /strict decoding error: (.*)$/s.exec(message) ?? []
  if (list === undefined) return [{ message, field: /Go struct field \w+\.(\S+) of type /.exec(message)?.[1] ?? '' }]
  const complaints = [...list.matchAll(/(unknown|duplicate) field "((?:[^"\\]|\\.)*)"/g)]
  if (complaints.length === 0) return [{ message: list, field: '' }]
  return complaints.map(([text, , field = '']) => ({ message: text, field }))
}

/** Warnings about a field begin with its path. */
function leadingField(message: string): string {
  return /^((?:spec|metadata|template|data|webhooks|rules|status)[\w.[\]/-]*): /.exec(message)?.[1] ?? ''
}
