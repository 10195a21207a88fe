// The stored hash of a secret: enough to recognize it.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../base/config/secret.ts'

/** SHA-256, 32 bytes. */
export const secretHash = (secret: Secret): Buffer => createHash('sha256').update(secret.reveal()).digest()

/** In constant time. */
export const isSecretOf = (hash: Buffer, secret: Secret): boolean => timingSafeEqual(hash, secretHash(secret))
