// The answer of a webhook that was sent a review.
import { isJsonObject, parseJson } from '../base/json.ts'

/** Its status; undefined for what is no review of this kind and version. */
export function statusOfReview(body: Buffer, kind: string, apiVersion: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown
  try {
    value = parseJson(body.toString())
  } catch {
    // What was sent is not shown: it may be anybody's page.
    return undefined
  }
  if (!isJsonObject(value) || value['kind'] !== kind || value['apiVersion'] !== apiVersion) return undefined
  const { status = {} } = value
  return isJsonObject(status) ? status : undefined
}
