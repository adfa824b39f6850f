import Foundation
import Shared
import Testing

@Suite struct MailboxTests {
  @Test func `whoever brings more bytes than may wait waits itself`() {
    let mailbox = Mailbox<String>(capacity: 10, bytes: 100)
    mailbox.put("large", bytes: 1000)
    Thread { mailbox.put("next", bytes: 1) }.start()
    #expect(mailbox.takeAll(waitingUpTo: .seconds(30)) == ["large"])
    #expect(mailbox.takeAll(waitingUpTo: .seconds(30)) == ["next"])
    mailbox.put("a", bytes: 60)
    mailbox.put("b", bytes: 60)
    #expect(mailbox.takeAll(waitingUpTo: .zero, atMost: 1) == ["a"])
    mailbox.close()
    #expect(mailbox.takeAll(waitingUpTo: .zero) == ["b"])
    #expect(mailbox.takeAll(waitingUpTo: .zero) == nil)
  }
}
