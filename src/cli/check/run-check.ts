// From texts to findings: read, evaluate, check, locate. The command parses flags and prints.

import { resources } from '../../api/resources/index.ts'
import { checkedObject } from '../../assess/checked-object.ts'
import { manifestChecks } from '../../assess/checks/index.ts'
import type { ManifestCheck } from '../../assess/manifest-check.ts'
import { type CheckedObject, createObjectSet } from '../../assess/object-set.ts'
import { writeJson } from '../../base/write-json.ts'
import { clustersOf } from './clusters.ts'
import type { SourceDocument } from './documents.ts'
import { splitDocuments } from './documents.ts'
import { parseFieldPath } from './field-path.ts'
import type { Finding } from './finding.ts'
import { createOrigins } from './kustomize-origin.ts'
import { type Manifest, readManifests } from './manifests.ts'
import { type Locate, positionsOf } from './positions.ts'
import type { SourceText } from './sources.ts'
import { findingsOf, type Verdict } from './verdict.ts'

export interface CheckOptions {
  /** Used for objects without a namespace. */
  readonly namespace: string
  /** Returns the server's answer to each manifest, in the same order. */
  validate(manifests: readonly Manifest[]): Promise<readonly Verdict[]>
  /** Default: all checks. */
  readonly checks?: readonly ManifestCheck[]
}

export interface CheckResult {
  /** In the order of the given files, then by line and column. */
  readonly findings: readonly Finding[]
  readonly manifests: readonly Manifest[]
  /** The manifest of each finding. */
  readonly manifestOf: ReadonlyMap<Finding, Manifest>
  /** Number of documents that are not for Kubernetes. */
  readonly foreign: number
}

type Found = readonly [Manifest, Finding]

export async function runCheck(texts: readonly SourceText[], options: CheckOptions): Promise<CheckResult> {
  const { namespace, checks = manifestChecks } = options
  const found = new Set(texts.filter(text => text.found).map(({ file }) => file))
  const read = readManifests(texts.flatMap(documentsOf))
  const locatorOf = createLocators()
  const worlds: ClusterFindings[] = []
  for (const world of clustersOf(read.manifests, namespace)) {
    const verdicts = await options.validate(world)
    const evaluated = world.flatMap((manifest, index): Found[] => {
      const verdict = verdicts[index]
      // Positions are computed only for manifests with findings: most have none.
      if (verdict === undefined || isClean(verdict)) return []
      return findingsOf(manifest, verdict, locatorOf(manifest.document), namespace).map(finding => [manifest, finding])
    })
    const checked = checkManifests(world, checks, namespace, locatorOf)
    worlds.push({ members: new Set(world), found: Map.groupBy([...evaluated, ...checked], ([manifest]) => manifest) })
  }
  const withOrigin = createOrigins()
  const located = oncePerKind(inEveryCluster(worlds, read.manifests)).map(
    ([manifest, finding]): Found => [manifest, withOrigin(finding, manifest)],
  )
  const findings = [
    ...read.findings,
    ...read.foreign.filter(({ file }) => !found.has(file)).map(foreignFinding),
    ...located.map(([, finding]) => finding),
  ]
  const order = new Map(texts.map(({ file }, index) => [file, index]))
  const place = ({ file, renderedFrom = file }: Finding) => order.get(renderedFrom) ?? 0
  return {
    findings: findings.toSorted((a, b) => place(a) - place(b) || a.line - b.line || a.column - b.column),
    manifests: read.manifests,
    manifestOf: new Map(located.map(([manifest, finding]) => [finding, manifest])),
    foreign: read.foreign.filter(({ file }) => found.has(file)).length,
  }
}

function documentsOf({ file, text, madeBy }: SourceText): SourceDocument[] {
  const documents = splitDocuments(file, text)
  return madeBy === 'kustomize' ? documents.map(document => ({ ...document, rendered: true })) : documents
}

function createLocators(): (document: SourceDocument) => Locate {
  const locators = new Map<SourceDocument, Locate>()
  return document => {
    let locate = locators.get(document)
    if (locate === undefined) {
      locate = positionsOf(document.text, document.line)
      locators.set(document, locate)
    }
    return locate
  }
}

interface ClusterFindings {
  readonly members: ReadonlySet<Manifest>
  readonly found: ReadonlyMap<Manifest, readonly Found[]>
}

/** A finding for an object of several worlds is kept only if each world has it: what one world lacks, another may define. */
function inEveryCluster(worlds: readonly ClusterFindings[], manifests: readonly Manifest[]): Found[] {
  const keyOf = ({ rule, field = '', message }: Finding) => writeJson([rule, field, message])
  return manifests.flatMap(manifest => {
    const [shown = [], ...others] = worlds.filter(({ members }) => members.has(manifest)).map(({ found }) => found.get(manifest) ?? [])
    const sets = others.map(list => new Set(list.map(([, finding]) => keyOf(finding))))
    return shown.filter(([, finding]) => sets.every(set => set.has(keyOf(finding))))
  })
}

/** An undefined kind is reported once, at its first object. */
function oncePerKind(found: readonly Found[]): Found[] {
  const said = new Set<string>()
  return found.filter(([, { rule, severity, message }]) => {
    if (rule !== 'unknown-kind' || severity !== 'note') return true
    if (said.has(message)) return false
    said.add(message)
    return true
  })
}

const isClean = (verdict: Verdict): boolean =>
  verdict.outcome === 'admitted' && verdict.warnings.length === 0 && verdict.instead === undefined

function foreignFinding({ file, line }: SourceDocument): Finding {
  return { rule: 'not-a-manifest', severity: 'error', message: 'apiVersion and kind are missing', file, line, column: 1 }
}

function checkManifests(
  manifests: readonly Manifest[],
  checks: readonly ManifestCheck[],
  namespace: string,
  locatorOf: (document: SourceDocument) => Locate,
): Found[] {
  const byObject = new Map<CheckedObject, Manifest>()
  const objects = manifests.flatMap(manifest => {
    const object = checkedObject(manifest.value, resources, namespace)
    if (object === undefined) return []
    byObject.set(object, manifest)
    return [object]
  })
  const set = createObjectSet(objects)
  return checks.flatMap(({ id, severity, check }) =>
    check(set).flatMap(({ on, field, message, fix }): Found[] => {
      const manifest = byObject.get(on)
      if (manifest === undefined) return []
      const { document, at, apiVersion, kind, name } = manifest
      const position = locatorOf(document)([...at, ...parseFieldPath(field)])
      const object = { apiVersion, kind, name, ...(on.namespace === '' ? {} : { namespace: on.namespace }) }
      const more = { ...(field === '' ? {} : { field }), ...(fix === undefined ? {} : { fix }) }
      return [[manifest, { rule: id, severity, message, file: document.file, ...position, object, ...more }]]
    }),
  )
}
