// Finds the source of an object that kustomize rendered, because the lines of its output are in no file that a user can edit.
import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../../api/schema/compile.ts'
import { UserError } from '../../base/user-error.ts'
import { splitDocuments } from './documents.ts'
import { type PathStep, parseFieldPath } from './field-path.ts'
import type { Finding } from './finding.ts'
import { kustomizationPath, localInputs } from './kustomization-inputs.ts'
import { type Manifest, readManifests } from './manifests.ts'
import { positionsOf } from './positions.ts'
import { maxFileBytes, readRegularFile } from './regular-file.ts'

/**
 * Gives a finding the file and line of its source object. If no single source has the kind and part of the name, or kustomize changed the
 * field, it gives those of the kustomization. The sources of a folder are read once.
 */
export function createOrigins(): (finding: Finding, manifest: Manifest) => Finding {
  const read = new Map<string, readonly Manifest[]>()
  return (finding, { document, kind, name, value }) => {
    if (document.rendered !== true) return finding
    const folder = document.file
    const sources = read.get(folder) ?? sourcesIn(folder)
    read.set(folder, sources)
    const from = { ...finding, renderedFrom: folder }
    const source = sourceOf(sources, kind, name)
    const field = parseFieldPath(finding.field ?? '')
    const isChanged = source !== undefined && field.length > 0 && !isDeepStrictEqual(valueAt(source.value, field), valueAt(value, field))
    if (source === undefined || isChanged) return { ...from, file: kustomizationPath(folder), line: 1, column: 1 }
    const path = [...source.at, ...field]
    return { ...from, file: source.document.file, ...positionsOf(source.document.text, source.document.line)(path) }
  }
}

/** Returns undefined if the path does not exist. */
function valueAt(object: unknown, path: readonly PathStep[]): unknown {
  let value = object
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)]
    else if (isRecord(value)) value = Object.hasOwn(value, step) ? value[step] : undefined
    else return undefined
  }
  return value
}

/** kustomize adds prefixes and suffixes to names, so the longest name contained in it is the source. */
function sourceOf(sources: readonly Manifest[], kind: string, name: string): Manifest | undefined {
  const fitting = sources.filter(source => source.kind === kind && source.name !== '' && name.includes(source.name))
  const longest = Math.max(...fitting.map(source => source.name.length))
  const [only, another] = fitting.filter(source => source.name.length === longest)
  return another === undefined ? only : undefined
}

function sourcesIn(folder: string): readonly Manifest[] {
  try {
    const texts = localInputs(folder).map(file => ({ file, text: readRegularFile(file, { maxBytes: maxFileBytes, followLinks: true }) }))
    return readManifests(texts.flatMap(({ file, text }) => splitDocuments(file, text))).manifests
  } catch (err) {
    // With --allow-remote, sources may be remote: then the kustomization is named.
    if (err instanceof UserError) return []
    throw err
  }
}
