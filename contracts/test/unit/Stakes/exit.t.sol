// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {PaymentEscrow} from "../../../src/stakes/PaymentEscrow.sol";
import {StakeManager} from "../../../src/stakes/StakeManager.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

/// @notice An exit can be delayed by open slashes for their appeal and decision windows, and by nothing else.
contract ExitTest is StakesWorld {
    /// @dev The worst that a proposer can do alone: everything at the last moment, the arbiter silent, and a new proposal in the very moment of the dismissal.
    function testFuzz_isDelayedByTheWindowsOnly(uint128 part, uint64 before) public {
        part = uint128(bound(part, 1, CAP - 1));
        before = uint64(bound(before, 1, APPEAL));
        _requestAll();
        vm.warp(START + THAW - before);
        bytes32 first = _propose(part, "first");
        _appeal(first);
        vm.warp(START + THAW);
        bytes32 second = _propose(CAP - part, "second");
        _appeal(second);
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), STAKE - CAP, "all that is not frozen, at once");

        vm.warp(START + THAW - before + APPEAL + DECISION);
        manager.dismiss(first);
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, PROVIDER, 1, 0));
        _propose(1, "again");
        vm.warp(START + THAW + APPEAL + DECISION);
        manager.dismiss(second);
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, PROVIDER, 1, 0));
        _propose(1, "and again");

        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), CAP, "the rest when the last windows are over");
        assertEq(address(manager).balance, 0, "nothing stays");
    }

    function test_afterAnExecution() public {
        _requestAll();
        vm.warp(START + THAW);
        bytes32 slashId = _propose(1 ether, REASON);
        vm.warp(START + THAW + APPEAL);
        // Nobody appealed; the owner need not wait for anybody.
        vm.startPrank(operator);
        manager.execute(slashId);
        assertEq(manager.withdraw(PROVIDER, operator), 9 ether, "the rest");
    }

    function test_whilePausedEveryExitWorks() public {
        vm.prank(buyer);
        bytes32 stakeId = escrow.stake{value: 1 ether}(LISTING, 1 ether);
        vm.prank(oracle);
        manager.stakeOracle{value: 1 ether}();
        bytes32 slashed = _propose(1 ether, "executed");
        bytes32 appealed = _propose(1 ether, "appealed");
        _pause();
        bytes memory closed = abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, START + 7 days);
        vm.prank(buyer);
        vm.expectRevert(closed);
        escrow.stake{value: 1 ether}("other", 1 ether);

        _appeal(appealed);
        _requestAll();
        bytes32 oracleId = manager.oracleStakeId(oracle);
        vm.prank(oracle);
        manager.requestWithdraw(oracleId, 1 ether);
        vm.startPrank(buyer);
        escrow.requestWithdraw(stakeId, 1 ether);
        escrow.cancelWithdraw(stakeId);
        escrow.requestWithdraw(stakeId, 1 ether);
        vm.stopPrank();
        vm.warp(START + APPEAL);
        manager.execute(slashed);
        manager.collect(beneficiary);
        vm.prank(arbiter);
        manager.decide(appealed, false);

        vm.warp(START + THAW - 1);
        vm.prank(guardian);
        governor.resume();
        // The cool-down holds a second pause off; a mocked one shows that exits would not ask.
        vm.mockCallRevert(address(governor), abi.encodeCall(IParamGovernor.requireEntry, ()), closed);
        vm.warp(START + THAW);
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), 9 ether, "provider");
        vm.prank(oracle);
        assertEq(manager.withdraw(oracleId, oracle), 1 ether, "oracle");
        vm.prank(buyer);
        assertEq(escrow.withdraw(stakeId, buyer), 1 ether, "buyer");
        assertEq(address(manager).balance + address(escrow).balance, 0, "empty");
    }

    function test_aClosedAccessManagerHoldsNobodyBack() public {
        _requestAll();
        bytes32 slashId = _propose(CAP, REASON);
        _appeal(slashId);
        authority.setTargetClosed(address(manager), true);
        vm.warp(START + APPEAL + DECISION);
        manager.dismiss(slashId);
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), STAKE, "all");
    }

    function test_plainEtherIsRefused() public {
        (bool ok,) = address(manager).call{value: 1}("");
        assertTrue(!ok, "manager");
        (ok,) = address(escrow).call{value: 1}("");
        assertTrue(!ok, "escrow");
    }

    function test_noZeroAddresses() public {
        address a = address(authority);
        address g = address(governor);
        for (uint256 i; i < 6; ++i) {
            vm.expectRevert(IStakes.ZeroAddress.selector);
            new StakeManager(
                i == 0 ? address(0) : a,
                i == 1 ? address(0) : g,
                i == 2 ? address(0) : beneficiary,
                i == 3 ? address(0) : address(registry),
                i == 4 ? address(0) : receiptFaults,
                i == 5 ? address(0) : oracleFaults
            );
        }
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(IStakes.ZeroAddress.selector);
            new PaymentEscrow(i == 0 ? address(0) : a, i == 1 ? address(0) : g, i == 2 ? address(0) : beneficiary);
        }
    }
}
