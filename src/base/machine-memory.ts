// How much memory this process may have.
import { totalmem } from 'node:os'

/** Bytes: of the machine, or of the control group that it runs in. */
export const machineMemory = (): number => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
