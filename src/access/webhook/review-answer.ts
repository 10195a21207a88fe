// The answer of a webhook to a review.
import { isJsonObject, parseJson } from '../../base/json.ts'

/** Its status; undefined if it is not a review of this kind and version. */
export function statusOfReview(body: Buffer, kind: string, apiVersion: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown
  try {
    value = parseJson(body.toString())
  } catch {
    // The content is not shown, because it may be any page.
    return undefined
  }
  if (!isJsonObject(value) || value['kind'] !== kind || value['apiVersion'] !== apiVersion) return undefined
  const { status = {} } = value
  return isJsonObject(status) ? status : undefined
}
