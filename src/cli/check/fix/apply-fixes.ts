// Writes the fixes of findings into texts. Each fix is made in memory, parsed again, and kept only if the result equals the patched value.
import { isDeepStrictEqual } from 'node:util'
import { applyJsonPatch } from '../../../api/patch/json-patch.ts'
import type { PatchOperation } from '../../../api/patch/json-patch-between.ts'
import { readYaml, YamlError } from '../../../api/schema/yaml.ts'
import { ApiError } from '../../../api/status.ts'
import { parseJson } from '../../../base/json.ts'
import type { SourceDocument } from '../documents.ts'
import type { PathStep } from '../field-path.ts'
import type { Finding } from '../finding.ts'
import type { Manifest } from '../manifests.ts'
import type { SourceText } from '../sources.ts'
import { editJson } from './edit-json.ts'
import { editYaml } from './edit-yaml.ts'

export interface AppliedFixes {
  readonly texts: readonly SourceText[]
  /** The findings that the new texts no longer have. */
  readonly mended: readonly Finding[]
}

/**
 * `manifestOf` gives the manifest of a finding. Output of kustomize or of another program is not edited, because its sources are elsewhere.
 */
export function applyFixes(
  texts: readonly SourceText[],
  findings: readonly Finding[],
  manifestOf: ReadonlyMap<Finding, Manifest>,
): AppliedFixes {
  const edited = new Map<SourceDocument, string>()
  const made = new Set(texts.filter(({ madeBy }) => madeBy !== undefined).map(({ file }) => file))
  const mended: Finding[] = []
  for (const finding of findings) {
    const manifest = manifestOf.get(finding)
    if (finding.fix === undefined || manifest === undefined || made.has(manifest.document.file)) continue
    const { document, at } = manifest
    const text = edited.get(document) ?? document.text
    const next = edit({ ...document, text }, at, finding.fix)
    if (next === undefined) continue
    edited.set(document, next)
    mended.push(finding)
  }
  return { texts: texts.map(text => rewritten(text, edited)), mended }
}

function rewritten(source: SourceText, edited: ReadonlyMap<SourceDocument, string>): SourceText {
  const own = [...edited].filter(([{ file }]) => file === source.file).toSorted(([a], [b]) => b.start - a.start)
  const text = own.reduce(
    (all, [{ start, text: before }, after]) => all.slice(0, start) + after + all.slice(start + before.length),
    source.text,
  )
  return text === source.text ? source : { ...source, text }
}

/** Returns undefined if the patch does not apply, another fix changed the same place, or the text would differ from the patched value. */
function edit({ text, format }: SourceDocument, at: readonly PathStep[], fix: readonly PatchOperation[]): string | undefined {
  const before = readValue(text, format)
  const wanted = patched(before, at, fix)
  if (wanted === undefined || isDeepStrictEqual(wanted, before)) return undefined
  const next = format === 'json' ? editJson(text, at, fix) : editYaml(text, at, fix)
  return next !== undefined && isDeepStrictEqual(readValue(next, format), wanted) ? next : undefined
}

function readValue(text: string, format: SourceDocument['format']): unknown {
  if (format === 'json') return parseJson(text)
  try {
    return readYaml(text).value
  } catch (err) {
    if (err instanceof YamlError) return undefined
    throw err
  }
}

function patched(value: unknown, at: readonly PathStep[], fix: readonly PatchOperation[]): unknown {
  const prefix = at.map(step => `/${step}`).join('')
  try {
    return applyJsonPatch(
      structuredClone(value),
      fix.map(operation => ({ ...operation, path: `${prefix}${operation.path}` })),
    )
  } catch (err) {
    if (err instanceof ApiError) return undefined
    throw err
  }
}
