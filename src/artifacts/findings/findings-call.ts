// Messages between the part and the thread that keeps the software of images. Both run the same code, so they are trusted.

export type FindingsMethod = 'load' | 'scan' | 'attest' | 'explain' | 'rematch' | 'used' | 'findingsOf' | 'where' | 'close'

/** Part -> thread. */
export type FindingsCall =
  | { readonly id: number; readonly method: FindingsMethod; readonly args: readonly unknown[] }
  | { readonly id: number; readonly abort: string }

/** Thread -> part. `isUserError`: the message is for people. */
export type FindingsReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly problem: string; readonly isUserError: boolean }
