/** What is used here of raw-socket, which comes without types. */
declare module "raw-socket" {
  export interface RawSocket {
    on(event: "message", listener: (packet: Buffer, source: string) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    on(event: "close", listener: () => void): void;
    /** @throws {Error} with the C library's words alone */
    setOption(level: number, option: number, value: number): void;
    send(
      packet: Buffer,
      offset: number,
      length: number,
      address: string,
      done: (error: Error | null) => void,
    ): void;
    /** @param before called in the turn in which the packet is handed to the kernel; what it throws, `done` is given */
    send(
      packet: Buffer,
      offset: number,
      length: number,
      address: string,
      before: () => void,
      done: (error: Error | null) => void,
    ): void;
    /** Hears nothing from now on, and keeps no process alive while it has nothing to send. */
    pauseRecv(): void;
    close(): void;
  }

  const raw: {
    readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
    readonly Protocol: { readonly ICMP: number };
    /** @throws {Error} with the C library's words alone */
    createSocket(options: {
      readonly protocol: number;
      readonly addressFamily?: number;
    }): RawSocket;
    createChecksum(packet: Buffer): number;
  };

  export { raw as default };
}
