/** What is used here of raw-socket, which comes without types. */
declare module "raw-socket" {
  interface RawSocket {
    on(event: "message", listener: (packet: Buffer, source: string) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    send(
      packet: Buffer,
      offset: number,
      length: number,
      address: string,
      done: (error: Error | null) => void,
    ): void;
    close(): void;
  }

  const raw: {
    readonly Protocol: { readonly ICMP: number };
    createSocket(options: { readonly protocol: number }): RawSocket;
    createChecksum(packet: Buffer): number;
  };

  export { raw as default };
}
