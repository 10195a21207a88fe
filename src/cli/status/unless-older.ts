// Servers of an older release lack what newer ones have.
import { isReason } from '../../api/status.ts'

/** For `catch`: another value where the server does not know the path. Rethrows everything else. */
export const unlessOlder =
  <T>(otherwise: T) =>
  (err: unknown): T => {
    if (isReason(err, 'NotFound')) return otherwise
    throw err
  }
