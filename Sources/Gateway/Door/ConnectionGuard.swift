import Hummingbird
import NIOCore

/// Stands at each connection: lets it in, and cuts it if its first request does not come in time, or if nobody takes
/// what is answered. It sees requests whose headers are whole, so that one that sends a byte now and then has sent
/// nothing yet.
final class ConnectionGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = Any
  typealias InboundOut = Any

  private let connections: Connections
  private var number: UInt64?
  private var address = ""
  private var deadline: Scheduled<Void>?
  /// Looks whether anything of what waits to be sent was taken.
  private var stall: Scheduled<Void>?
  private var hasAsked = false
  private var hasEntered = false

  init(_ connections: Connections) { self.connections = connections }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { enter(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    enter(context)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !hasAsked, let number {
      hasAsked = connections.hasAsked(number, from: address)
      deadline?.cancel()
    }
    context.fireChannelRead(data)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stall?.cancel()
    stall = nil
    if !context.channel.isWritable { watch(context, waiting: Self.waiting(in: context.channel)) }
    context.fireChannelWritabilityChanged()
  }

  /// Cuts the connection if in a while as much waits to be sent as now: a slow reader takes something.
  private func watch(_ context: ChannelHandlerContext, waiting: Int) {
    stall = context.eventLoop.assumeIsolated().scheduleTask(in: connections.limits.stalled) { [self] in
      let left = Self.waiting(in: context.channel)
      if left < waiting { watch(context, waiting: left) } else { context.close(promise: nil) }
    }
  }

  /// Bytes that the system has not taken yet.
  private static func waiting(in channel: any Channel) -> Int {
    (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }

  private func enter(_ context: ChannelHandlerContext) {
    guard !hasEntered else { return }
    hasEntered = true
    address = context.channel.remoteAddress?.ipAddress ?? ""
    let channel = context.channel
    number = connections.enter(from: address) { channel.close(promise: nil) }
    guard number != nil else {
      channel.close(promise: nil)
      return
    }
    deadline = context.eventLoop.scheduleTask(in: connections.limits.firstHead) { channel.close(promise: nil) }
  }

  private func leave() {
    deadline?.cancel()
    stall?.cancel()
    if let number { connections.leave(number, from: address, hasAsked: hasAsked) }
    number = nil
  }
}
