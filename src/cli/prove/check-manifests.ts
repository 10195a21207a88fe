// `bulkhead check` as proofs call it: offline, without files.
import type { ManifestVerdict } from '../../assess/proof.ts'
import { writeJson } from '../../base/write-json.ts'
import { splitDocuments } from '../check/documents.ts'
import { readManifests } from '../check/manifests.ts'
import { validateOffline } from '../check/validate-offline.ts'

/** Results are in the order of the objects. */
export async function checkManifests(
  objects: readonly object[],
  namespace: string,
  signal: AbortSignal,
): Promise<readonly ManifestVerdict[]> {
  const { manifests } = readManifests(objects.flatMap((object, index) => splitDocuments(`${index}.json`, writeJson(object))))
  const verdicts = await validateOffline(manifests, { profile: 'secure', namespace }, signal)
  return verdicts.map(verdict => ({
    admitted: verdict.outcome === 'admitted',
    message: verdict.outcome === 'refused' ? (verdict.status.message ?? '') : '',
  }))
}
