// Frames of which only the form matters: nothing is done for them.

import { prioritySize, requireOtherStream } from './header-blocks.ts'
import { errorCode, Http2Error } from './wire/frames.ts'

export function checkPriority(id: number, bytes: Buffer, start: number, end: number): void {
  if (id === 0) throw new Http2Error(errorCode.protocolError, 'a priority came on no stream')
  if (end - start !== prioritySize) throw new Http2Error(errorCode.frameSizeError, 'a priority of a wrong length came')
  requireOtherStream(id, bytes, start)
}

/** The client begins nothing more, and what runs goes on. */
export function checkGoAway(id: number, length: number): void {
  if (id !== 0) throw new Http2Error(errorCode.protocolError, 'a GOAWAY came on a stream')
  if (length < 8) throw new Http2Error(errorCode.frameSizeError, 'a GOAWAY of a wrong length came')
}
