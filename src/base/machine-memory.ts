// The memory limit of this process.
import { totalmem } from 'node:os'

/** Bytes: of the machine, or of the process's control group. */
export const machineMemory = (): number => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
