// Requests for objects that may be gone.
import { isReason } from '../api/status.ts'

/** Undefined if the object, or its kind, does not exist. */
export async function ignoreMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}
