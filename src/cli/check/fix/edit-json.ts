// Applies a JSON patch to JSON text and keeps its indentation. JSON has no comments to keep.

import { applyJsonPatch } from '../../../api/patch/json-patch.ts'
import type { PatchOperation } from '../../../api/patch/json-patch-between.ts'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { PathStep } from '../field-path.ts'

export function editJson(text: string, at: readonly PathStep[], operations: readonly PatchOperation[]): string {
  const prefix = at.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  const patched = applyJsonPatch(
    parseJson(text),
    operations.map(operation => ({ ...operation, path: `${prefix}${operation.path}` })),
  )
  const indent = /\n([ \t]+)/.exec(text)?.[1] ?? ''
  return writeJson(patched, null, indent)
}
