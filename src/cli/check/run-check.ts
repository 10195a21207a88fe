// From texts to findings: read, judge, check, locate. The command around it reads flags and prints.

import { resources } from '../../api/resources/index.ts'
import { checkedObject } from '../../assess/checked-object.ts'
import { manifestChecks } from '../../assess/checks/index.ts'
import type { ManifestCheck } from '../../assess/manifest-check.ts'
import { type CheckedObject, createObjectSet } from '../../assess/object-set.ts'
import type { SourceDocument } from './documents.ts'
import { splitDocuments } from './documents.ts'
import { parseFieldPath } from './field-path.ts'
import type { Finding } from './finding.ts'
import { type Manifest, readManifests } from './manifests.ts'
import { type Locate, positionsOf } from './positions.ts'
import type { SourceText } from './sources.ts'
import { findingsOf, type Verdict } from './verdict.ts'

export interface CheckOptions {
  /** Of objects that name none. */
  readonly namespace: string
  /** What a server answers to each, in their order. */
  judge(manifests: readonly Manifest[]): Promise<readonly Verdict[]>
  /** Default: all. */
  readonly checks?: readonly ManifestCheck[]
}

export interface CheckResult {
  /** By file in the order given, line and column. */
  readonly findings: readonly Finding[]
  readonly manifests: readonly Manifest[]
  /** In which manifest a finding is. */
  readonly manifestOf: ReadonlyMap<Finding, Manifest>
  /** Documents of folders in which nothing says that they are for Kubernetes. */
  readonly foreign: number
}

export async function runCheck(texts: readonly SourceText[], options: CheckOptions): Promise<CheckResult> {
  const { namespace, checks = manifestChecks } = options
  const found = new Set(texts.filter(text => text.found).map(({ file }) => file))
  const read = readManifests(texts.flatMap(({ file, text }) => splitDocuments(file, text)))
  const locators = new Map<SourceDocument, Locate>()
  const locatorOf = (document: SourceDocument): Locate => {
    let locate = locators.get(document)
    if (locate === undefined) {
      locate = positionsOf(document.text, document.line)
      locators.set(document, locate)
    }
    return locate
  }
  const manifestOf = new Map<Finding, Manifest>()
  const noted = (manifest: Manifest, finding: Finding): Finding => {
    manifestOf.set(finding, manifest)
    return finding
  }
  const verdicts = await options.judge(read.manifests)
  const judged = read.manifests.flatMap((manifest, index) => {
    const verdict = verdicts[index]
    // Positions are found only where something is: most manifests need none.
    if (verdict === undefined || isClean(verdict)) return []
    return findingsOf(manifest, verdict, locatorOf(manifest.document), namespace).map(finding => noted(manifest, finding))
  })
  const findings = [
    ...read.findings,
    ...read.foreign.filter(({ file }) => !found.has(file)).map(foreignFinding),
    ...judged,
    ...checkManifests(read.manifests, checks, namespace, locatorOf).map(([manifest, finding]) => noted(manifest, finding)),
  ]
  const order = new Map(texts.map(({ file }, index) => [file, index]))
  const place = ({ file }: Finding) => order.get(file) ?? 0
  return {
    findings: findings.toSorted((a, b) => place(a) - place(b) || a.line - b.line || a.column - b.column),
    manifests: read.manifests,
    manifestOf,
    foreign: read.foreign.filter(({ file }) => found.has(file)).length,
  }
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
): [Manifest, Finding][] {
  const byObject = new Map<CheckedObject, Manifest>()
  const objects = manifests.flatMap(manifest => {
    const object = checkedObject(manifest.value, resources, namespace)
    if (object === undefined) return []
    byObject.set(object, manifest)
    return [object]
  })
  const set = createObjectSet(objects)
  return checks.flatMap(({ id, severity, check }) =>
    check(set).flatMap(({ on, field, message, fix }): [Manifest, Finding][] => {
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
