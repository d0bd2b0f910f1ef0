// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Puppet} from "../../support/Puppet.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract ExecuteTest is StakesWorld {
    function testFuzz_byAnyoneAtTheEndOfTheWindow(uint128 amount) public {
        amount = uint128(bound(amount, 1, CAP));
        bytes32 slashId = _propose(amount, REASON);
        vm.warp(START + APPEAL);
        vm.expectEmit(address(manager));
        emit IStakes.SlashExecuted(slashId, PROVIDER, amount, STAKE - amount, 0);
        vm.prank(stranger);
        manager.execute(slashId);
        _assertStake(STAKE - amount, 0, 0, "taken");
        assertEq(manager.owed(), amount, "owed");
        assertEq(address(manager).balance, STAKE, "and still here");
        IStakes.Series memory series = manager.seriesOf(PROVIDER);
        assertEq(series.taken, amount, "series");
        assertEq(series.endsAt, START + APPEAL + THAW, "series ends");
    }

    function test_aSecondBefore() public {
        bytes32 slashId = _propose(1, REASON);
        vm.warp(START + APPEAL - 1);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TooEarly.selector, START + APPEAL));
        manager.execute(slashId);
    }

    function test_once() public {
        bytes32 slashId = _propose(1 ether, REASON);
        vm.warp(START + APPEAL);
        manager.execute(slashId);
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, slashId, IStakes.SlashState.Executed));
        manager.execute(slashId);
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, slashId, IStakes.SlashState.Executed));
        vm.prank(arbiter);
        manager.dismiss(slashId);
    }

    function test_none() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, REASON, IStakes.SlashState.None));
        manager.execute(REASON);
    }

    function testFuzz_takesFromWhatThawsOnlyWhatMustBe(uint128 thawing, uint128 amount) public {
        thawing = uint128(bound(thawing, 1, STAKE));
        amount = uint128(bound(amount, 1, CAP));
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, thawing);
        bytes32 slashId = _propose(amount, REASON);
        vm.warp(START + APPEAL);
        manager.execute(slashId);
        uint128 left = STAKE - amount;
        _assertStake(left, thawing < left ? thawing : left, 0, "after");
        assertEq(manager.stakeOf(PROVIDER).thawedAt, START + THAW, "the clock goes on");
    }

    function test_afterAWithdrawalOfTheRest() public {
        _requestAll();
        vm.warp(START + THAW);
        bytes32 slashId = _propose(CAP, REASON);
        vm.prank(operator);
        manager.withdraw(PROVIDER, operator);
        vm.warp(START + THAW + APPEAL);
        manager.execute(slashId);
        _assertStake(0, 0, 0, "gone");
        assertEq(manager.owed(), CAP, "owed");
        assertEq(address(manager).balance, CAP, "and here");
    }

    function test_collected() public {
        _executed(3 ether);
        vm.expectEmit(address(manager));
        emit IStakes.Collected(beneficiary, 3 ether, 3 ether);
        vm.prank(stranger);
        assertEq(manager.collect(beneficiary), 3 ether, "amount");
        assertEq(beneficiary.balance, 3 ether, "paid");
        assertEq(manager.owed(), 0, "owed no more");
        vm.expectRevert(IStakes.NothingOwed.selector);
        manager.collect(beneficiary);
        vm.warp(START + 100 days);
        bytes32 slashId = _propose(1 ether, "later");
        vm.warp(START + 100 days + APPEAL);
        manager.execute(slashId);
        vm.expectEmit(address(manager));
        emit IStakes.Collected(beneficiary, 1 ether, 4 ether);
        manager.collect(beneficiary);
    }

    function test_collectedElsewhereByTheBeneficiaryOnly() public {
        _executed(3 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotBeneficiary.selector, stranger));
        vm.prank(stranger);
        manager.collect(stranger);
        vm.expectRevert(IStakes.ZeroAddress.selector);
        vm.prank(beneficiary);
        manager.collect(address(0));
        address to = address(0xbeef02);
        vm.prank(beneficiary);
        manager.collect(to);
        assertEq(to.balance, 3 ether, "paid");
    }

    function test_aBeneficiaryThatRefusesStopsNothing() public {
        vm.etch(beneficiary, address(new Puppet()).code);
        Puppet(payable(beneficiary)).refuse(true);
        _executed(3 ether);
        _assertStake(7 ether, 0, 0, "settled all the same");
        vm.expectRevert(abi.encodeWithSelector(IStakes.TransferFailed.selector, beneficiary, 3 ether));
        manager.collect(beneficiary);
        assertEq(manager.owed(), 3 ether, "still owed");
        // It can name an address that takes it, and others leave meanwhile.
        vm.startPrank(operator);
        manager.requestWithdraw(PROVIDER, 7 ether);
        vm.warp(_now() + THAW);
        manager.withdraw(PROVIDER, operator);
        vm.stopPrank();
        Puppet(payable(beneficiary)).act(address(manager), abi.encodeCall(IStakes.collect, (address(0xbeef03))));
        assertEq(address(0xbeef03).balance, 3 ether, "paid elsewhere");
    }

    function test_aBeneficiaryThatComesBackIsPaidOnce() public {
        vm.etch(beneficiary, address(new Puppet()).code);
        Puppet(payable(beneficiary)).callBack(address(manager), abi.encodeCall(IStakes.collect, (beneficiary)));
        _executed(3 ether);
        manager.collect(beneficiary);
        assertTrue(Puppet(payable(beneficiary)).entered() && !Puppet(payable(beneficiary)).succeeded(), "refused");
        assertEq(beneficiary.balance, 3 ether, "once");
    }

    function _executed(uint128 amount) private {
        bytes32 slashId = _propose(amount, REASON);
        vm.warp(START + APPEAL);
        manager.execute(slashId);
    }
}
