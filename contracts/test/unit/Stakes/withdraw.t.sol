// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Puppet} from "../../support/Puppet.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract WithdrawTest is StakesWorld {
    function testFuzz_paysWhatThawedToTheWei(uint128 amount) public {
        amount = uint128(bound(amount, 1, STAKE));
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, amount);
        vm.warp(START + THAW);
        address to = address(0xbeef01);
        vm.expectEmit(address(manager));
        emit IStakes.Withdrawn(PROVIDER, to, amount, STAKE - amount);
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, to), amount, "taken");
        assertEq(to.balance, amount, "paid");
        assertEq(address(manager).balance, STAKE - amount, "left");
        _assertStake(STAKE - amount, 0, 0, "after");
    }

    function test_aSecondBefore() public {
        _requestAll();
        vm.warp(START + THAW - 1);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TooEarly.selector, START + THAW));
        vm.prank(operator);
        manager.withdraw(PROVIDER, operator);
    }

    function test_twice() public {
        _requestAll();
        vm.warp(START + THAW);
        vm.startPrank(operator);
        manager.withdraw(PROVIDER, operator);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NothingThawed.selector, PROVIDER));
        manager.withdraw(PROVIDER, operator);
    }

    function test_nothingAsked() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.NothingThawed.selector, PROVIDER));
        vm.prank(operator);
        manager.withdraw(PROVIDER, operator);
    }

    function test_toNobody() public {
        _requestAll();
        vm.warp(START + THAW);
        vm.expectRevert(IStakes.ZeroAddress.selector);
        vm.prank(operator);
        manager.withdraw(PROVIDER, address(0));
    }

    function test_onlyTheOwner() public {
        _requestAll();
        vm.warp(START + THAW);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, stranger, PROVIDER));
        vm.prank(stranger);
        manager.withdraw(PROVIDER, stranger);
    }

    function test_whoSoldTheProviderOwnsNothingOfIt() public {
        _requestAll();
        registry.setOperator(PROVIDER, stranger);
        vm.warp(START + THAW);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, operator, PROVIDER));
        vm.prank(operator);
        manager.withdraw(PROVIDER, operator);
        vm.prank(stranger);
        assertEq(manager.withdraw(PROVIDER, stranger), STAKE, "the new operator");
    }

    function testFuzz_leavesWhatIsFrozen(uint128 thawing, uint128 frozen) public {
        thawing = uint128(bound(thawing, 1, STAKE));
        frozen = uint128(bound(frozen, 1, CAP));
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, thawing);
        vm.warp(START + THAW);
        _propose(frozen, REASON);
        uint128 expected = thawing < STAKE - frozen ? thawing : STAKE - frozen;
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), expected, "taken");
        assertGe(manager.stakeOf(PROVIDER).amount, frozen, "what the slash may take is there");
    }

    function test_allFrozen() public {
        _requestAll();
        vm.warp(START + THAW);
        _propose(CAP, REASON);
        vm.startPrank(operator);
        manager.withdraw(PROVIDER, operator);
        vm.expectRevert(abi.encodeWithSelector(IStakes.Insufficient.selector, PROVIDER, CAP, 0));
        manager.withdraw(PROVIDER, operator);
    }

    function test_receiverThatRefuses() public {
        Puppet puppet = new Puppet();
        puppet.refuse(true);
        _requestAll();
        vm.warp(START + THAW);
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TransferFailed.selector, address(puppet), STAKE));
        manager.withdraw(PROVIDER, address(puppet));
        assertEq(manager.withdraw(PROVIDER, operator), STAKE, "another address does");
    }

    function test_receiverThatComesBack() public {
        Puppet puppet = new Puppet();
        registry.setOperator(PROVIDER, address(puppet));
        puppet.act(address(manager), abi.encodeCall(IStakes.requestWithdraw, (PROVIDER, 4 ether)));
        puppet.callBack(address(manager), abi.encodeCall(IStakes.withdraw, (PROVIDER, address(puppet))));
        vm.warp(START + THAW);
        puppet.act(address(manager), abi.encodeCall(IStakes.withdraw, (PROVIDER, address(puppet))));
        assertTrue(puppet.entered() && !puppet.succeeded(), "came back and was refused");
        assertEq(puppet.answer(), abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector), "by the guard");
        assertEq(address(puppet).balance, 4 ether, "paid once");
    }

    function test_afterItIsGoneItStartsAnew() public {
        _requestAll();
        bytes32 slashId = _propose(2 ether, REASON);
        vm.warp(START + APPEAL);
        manager.execute(slashId);
        vm.warp(START + THAW);
        vm.startPrank(operator);
        manager.withdraw(PROVIDER, operator);
        _startsAnew();
    }

    function test_afterTheRestWasSlashedItStartsAnew() public {
        _requestAll();
        vm.warp(START + THAW);
        bytes32 slashId = _propose(CAP, REASON);
        vm.startPrank(operator);
        manager.withdraw(PROVIDER, operator);
        vm.warp(START + THAW + APPEAL);
        manager.execute(slashId);
        _startsAnew();
    }

    /// @dev Within a thaw period of the last slash: the old series would leave less room.
    function _startsAnew() private {
        manager.stakeProvider{value: 4 ether}(PROVIDER);
        _assertStake(4 ether, 0, 0, "anew");
        assertEq(manager.stakeOf(PROVIDER).thawedAt, 0, "no clock");
        assertEq(manager.seriesOf(PROVIDER).taken, 0, "without the old series");
        assertEq(manager.slashRoom(PROVIDER, false), 2 ether, "with a cap of its own");
    }
}
