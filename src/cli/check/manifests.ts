// Reads the objects of documents: splits lists, and reports invalid documents.
import { isRecord } from '../../api/schema/compile.ts'
import { parseJsonBytes } from '../../api/schema/decode.ts'
import { readYaml, YamlError } from '../../api/schema/yaml.ts'
import type { SourceDocument } from './documents.ts'
import { type PathStep, parseFieldPath } from './field-path.ts'
import type { Finding } from './finding.ts'
import { positionsOf } from './positions.ts'

export interface Manifest {
  readonly document: SourceDocument
  /** Path of the object in its document: [] or ['items', 3]. */
  readonly at: readonly PathStep[]
  readonly value: Readonly<Record<string, unknown>>
  readonly apiVersion: string
  readonly kind: string
  /** '' if it has none: the server generates one or refuses the object. */
  readonly name: string
  /** As written in the manifest. */
  readonly namespace: string | undefined
}

export interface ReadManifests {
  readonly manifests: readonly Manifest[]
  readonly findings: readonly Finding[]
  /** Documents without anything that marks them as Kubernetes objects. */
  readonly foreign: readonly SourceDocument[]
}

/** A duplicate key. */
interface Complaint {
  readonly message: string
  /** Lines after the first line of the document. */
  readonly line: number
}

type Outcome = { readonly value: unknown; readonly complaints: readonly Complaint[] } | { readonly syntax: string; readonly line: number }

export function readManifests(documents: readonly SourceDocument[]): ReadManifests {
  const manifests: Manifest[] = []
  const findings: Finding[] = []
  const foreign: SourceDocument[] = []
  for (const document of documents) {
    const { file, line } = document
    const read = readDocument(document)
    if ('syntax' in read) {
      findings.push({ rule: 'syntax', severity: 'error', message: read.syntax, file, line: line + read.line, column: 1 })
      continue
    }
    if (read.value === null) continue
    if (!isRecord(read.value) || (typeof read.value['apiVersion'] !== 'string' && typeof read.value['kind'] !== 'string')) {
      foreign.push(document)
      continue
    }
    for (const { message, line: below } of read.complaints)
      findings.push({ rule: 'decoding', severity: 'error', message, file, line: line + below, column: 1 })
    for (const found of objectsOf(document, read.value, [])) {
      if ('rule' in found) findings.push(found)
      else manifests.push(found)
    }
  }
  return { manifests, findings, foreign }
}

function readDocument({ text, format }: SourceDocument): Outcome {
  if (format === 'json') {
    const parsed = parseJsonBytes(Buffer.from(text), Number.POSITIVE_INFINITY)
    return parsed.ok
      ? { value: parsed.value, complaints: parsed.duplicates().map(message => ({ message, line: lineOfDuplicate(text, message) })) }
      : { syntax: parsed.message, line: 0 }
  }
  try {
    const { value, duplicate } = readYaml(text)
    return { value, complaints: duplicate === undefined ? [] : [complaintOf(duplicate)] }
  } catch (err) {
    if (!(err instanceof YamlError)) throw err
    const [, number, reason] = /^yaml: (?:line (\d+): )?([\s\S]*)$/.exec(err.message) ?? []
    return { syntax: reason ?? err.message, line: Math.max(Number(number ?? 1) - 1, 0) }
  }
}

function complaintOf(duplicate: string): Complaint {
  const [, number, message = duplicate] = /^yaml: unmarshal errors:\n\s*(?:line (\d+): )?([\s\S]*)$/.exec(duplicate) ?? []
  return { message, line: Math.max(Number(number ?? 1) - 1, 0) }
}

/** The parser uses the last duplicate member, so the position is that of the last one. */
function lineOfDuplicate(text: string, message: string): number {
  const [, field = ''] = /field "((?:[^"\\]|\\.)*)"/.exec(message) ?? []
  return positionsOf(text, 0)(parseFieldPath(field)).line
}

/** As kubectl does: a list with items is replaced by its items, at any depth. */
function objectsOf(document: SourceDocument, value: unknown, at: readonly PathStep[], itemKind?: string): (Manifest | Finding)[] {
  const problem = (message: string): Finding[] => {
    const position = positionsOf(document.text, document.line)(at)
    return [{ rule: 'not-a-manifest', severity: 'error', message, file: document.file, ...position }]
  }
  if (!isRecord(value)) return problem('this is not an object')
  const { apiVersion, metadata = {} } = value
  const kind = value['kind'] ?? itemKind
  if (typeof apiVersion !== 'string' || apiVersion === '') return problem('apiVersion is missing')
  if (typeof kind !== 'string' || kind === '') return problem('kind is missing')
  const { items } = value
  if (kind.endsWith('List') && Array.isArray(items)) {
    const own = kind === 'List' ? undefined : kind.slice(0, -'List'.length)
    return items.flatMap((item: unknown, index) =>
      objectsOf(document, own !== undefined && isRecord(item) ? { apiVersion, kind: own, ...item } : item, [...at, 'items', index], own),
    )
  }
  if (!isRecord(metadata)) return problem('metadata is not an object')
  const text = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : undefined)
  return [{ document, at, value, apiVersion, kind, name: text('name') ?? '', namespace: text('namespace') }]
}
